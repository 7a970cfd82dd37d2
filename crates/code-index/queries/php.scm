(namespace_definition name: (_) @name body: (_)? @body) @definition.module

(class_declaration name: (_) @name body: (_) @body) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(trait_declaration name: (_) @name body: (_) @body) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type

(function_definition name: (_) @name body: (_) @body) @definition.function
(method_declaration name: (_) @name body: (_)? @body) @definition.method

(const_declaration (const_element (name) @name)) @definition.constant

(function_call_expression function: (name) @call)
(function_call_expression function: (qualified_name prefix: (_)? @qualifier (name) @call .))
(member_call_expression object: (_) @qualifier name: (name) @call)
(nullsafe_member_call_expression object: (_) @qualifier name: (name) @call)
(scoped_call_expression scope: (_) @qualifier name: (name) @call)
(object_creation_expression (name) @call)
(object_creation_expression (qualified_name prefix: (_)? @qualifier (name) @call .))
(member_access_expression object: (_) @qualifier name: (name) @member)
(nullsafe_member_access_expression object: (_) @qualifier name: (name) @member)
(class_constant_access_expression . (_) @qualifier (name) @member .)
(named_type (name) @type)
(named_type (qualified_name (name) @type .))
(base_clause (name) @type)
(class_interface_clause (name) @type)

(namespace_use_declaration) @import
(require_expression (string) @import)
(require_once_expression (string) @import)
(include_expression (string) @import)
(include_once_expression (string) @import)
(namespace_definition name: (_) @package)

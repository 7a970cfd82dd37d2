(internal_module name: (_) @name body: (_) @body) @definition.module
(export_statement declaration: (internal_module name: (_) @name body: (_) @body)) @definition.module
(module name: (_) @name body: (_)? @body) @definition.module

(abstract_class_declaration name: (_) @name body: (_) @body) @definition.type
(export_statement declaration: (abstract_class_declaration name: (_) @name body: (_) @body)) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(export_statement declaration: (interface_declaration name: (_) @name body: (_) @body)) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type
(export_statement declaration: (enum_declaration name: (_) @name body: (_) @body)) @definition.type
(type_alias_declaration name: (_) @name) @definition.type
(export_statement declaration: (type_alias_declaration name: (_) @name)) @definition.type

(function_signature name: (_) @name) @definition.function
(export_statement declaration: (function_signature name: (_) @name)) @definition.function

(method_signature name: (_) @name) @definition.method
(abstract_method_signature name: (_) @name) @definition.method
(public_field_definition
  name: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method

(required_parameter pattern: (identifier) @local)
(optional_parameter pattern: (identifier) @local)
(nested_type_identifier module: (_) @qualifier name: (type_identifier) @type)
(extends_clause value: (identifier) @type)

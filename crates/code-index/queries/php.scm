(namespace_definition name: (_) @name body: (_)? @body) @definition.module

(class_declaration name: (_) @name body: (_) @body) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(trait_declaration name: (_) @name body: (_) @body) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type

(function_definition name: (_) @name body: (_) @body) @definition.function
(method_declaration name: (_) @name body: (_)? @body) @definition.method

(const_declaration (const_element (name) @name)) @definition.constant

(type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @definition.type
(type_spec name: (_) @name type: (interface_type "{" @body)) @definition.type
(type_spec name: (_) @name) @definition.type
(type_alias name: (_) @name) @definition.type

(function_declaration name: (_) @name body: (_)? @body) @definition.function
(method_declaration name: (_) @name body: (_)? @body) @definition.method
(method_elem name: (_) @name) @definition.method

(source_file (const_declaration (const_spec name: (identifier) @name) @definition.constant))

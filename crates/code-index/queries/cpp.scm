(namespace_definition name: (_) @name body: (_) @body) @definition.module

(class_specifier name: (_) @name body: (_) @body) @definition.type
(template_declaration (class_specifier name: (_) @name body: (_) @body)) @definition.type
(template_declaration (struct_specifier name: (_) @name body: (_) @body)) @definition.type
(alias_declaration name: (_) @name) @definition.type

(function_definition
  declarator: (reference_declarator (function_declarator declarator: (_) @name))
  body: (_)? @body) @definition.function
(template_declaration
  (function_definition declarator: (function_declarator declarator: (_) @name) body: (_)? @body)) @definition.function

(function_definition
  declarator: (function_declarator declarator: (qualified_identifier) @name)
  body: (_)? @body) @definition.method
(function_definition
  declarator: (reference_declarator (function_declarator declarator: (qualified_identifier) @name))
  body: (_)? @body) @definition.method
(field_declaration_list
  (function_definition declarator: (function_declarator declarator: (_) @name) body: (_)? @body) @definition.method)
(field_declaration declarator: (function_declarator declarator: (_) @name)) @definition.method
(field_declaration
  declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name))) @definition.method
(field_declaration declarator: (reference_declarator (function_declarator declarator: (_) @name))) @definition.method
(field_declaration_list
  (declaration declarator: (function_declarator declarator: (_) @name)) @definition.method)

(struct_specifier name: (_) @name body: (_) @body) @definition.type
(union_specifier name: (_) @name body: (_) @body) @definition.type
(enum_specifier name: (_) @name body: (_) @body) @definition.type
(type_definition declarator: (type_identifier) @name) @definition.type

(function_definition
  declarator: (function_declarator declarator: (_) @name)
  body: (_)? @body) @definition.function
(function_definition
  declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name))
  body: (_)? @body) @definition.function
(function_definition
  declarator: (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name)))
  body: (_)? @body) @definition.function

(translation_unit
  (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function)
(translation_unit
  (declaration
    declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @definition.function)
(preproc_ifdef (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function)
(preproc_ifdef
  (declaration
    declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @definition.function)
(declaration_list (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function)
(preproc_function_def name: (_) @name value: (_)? @body) @definition.function

(preproc_def name: (_) @name value: (_)) @definition.constant

(call_expression function: (identifier) @call)
(call_expression function: (field_expression argument: (_) @qualifier field: (_) @call))
(field_expression argument: (_) @qualifier field: (field_identifier) @member)

(preproc_include path: (_)) @import

[(function_definition) (compound_statement) (for_statement)] @scope
(parameter_declaration declarator: (identifier) @local)
(parameter_declaration declarator: (pointer_declarator declarator: (identifier) @local))
(parameter_declaration declarator: (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @local)))
(parameter_declaration declarator: (array_declarator declarator: (identifier) @local))
(declaration declarator: (identifier) @local)
(declaration declarator: (pointer_declarator declarator: (identifier) @local))
(declaration declarator: (array_declarator declarator: (identifier) @local))
(init_declarator declarator: (identifier) @local)
(init_declarator declarator: (pointer_declarator declarator: (identifier) @local))
(init_declarator declarator: (array_declarator declarator: (identifier) @local))

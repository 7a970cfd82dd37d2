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

(call_expression function: (template_function name: (identifier) @call))
(call_expression function: (qualified_identifier scope: (_)? @qualifier name: (identifier) @call))
(call_expression
  function: (qualified_identifier scope: (_)? @qualifier name: (template_function name: (identifier) @call)))
(call_expression function: (field_expression argument: (_) @qualifier field: (template_method name: (_) @call)))
(new_expression type: [(type_identifier) @call (template_type name: (type_identifier) @call)])
(qualified_identifier scope: (_) @qualifier name: (identifier) @member)
(qualified_identifier scope: (_) @qualifier name: (type_identifier) @type)

(using_declaration) @import

[(lambda_expression) (for_range_loop) (catch_clause)] @scope
(parameter_declaration declarator: (reference_declarator (identifier) @local))
(optional_parameter_declaration declarator: (identifier) @local)
(optional_parameter_declaration declarator: (reference_declarator (identifier) @local))
(init_declarator declarator: (reference_declarator (identifier) @local))
(for_range_loop declarator: (identifier) @local)
(for_range_loop declarator: (reference_declarator (identifier) @local))
(structured_binding_declarator (identifier) @local)

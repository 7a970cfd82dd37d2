(type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @definition.type
(type_spec name: (_) @name type: (interface_type "{" @body)) @definition.type
(type_spec name: (_) @name) @definition.type
(type_alias name: (_) @name) @definition.type

(function_declaration name: (_) @name body: (_)? @body) @definition.function
(method_declaration name: (_) @name body: (_)? @body) @definition.method
(method_elem name: (_) @name) @definition.method

(source_file (const_declaration (const_spec name: (identifier) @name) @definition.constant))

(call_expression function: (identifier) @call)
(call_expression function: (selector_expression operand: (_) @qualifier field: (_) @call))
(composite_literal type: [(type_identifier) @call (qualified_type package: (_) @qualifier name: (_) @call)])
(selector_expression operand: (_) @qualifier field: (_) @member)
(qualified_type package: (_) @qualifier name: (_) @type)
(keyed_element key: (literal_element (identifier) @member))

(import_spec) @import
(package_clause (_) @package)
(method_declaration
  receiver: (parameter_list
    (parameter_declaration
      type: [
        (type_identifier) @container
        (generic_type type: (_) @container)
        (pointer_type [(type_identifier) @container (generic_type type: (_) @container)])]))) @containing

[(function_declaration) (method_declaration) (func_literal) (block) (if_statement) (for_statement) (type_switch_statement) (expression_switch_statement)] @scope
(parameter_declaration name: (identifier) @local)
(variadic_parameter_declaration name: (identifier) @local)
(short_var_declaration left: (expression_list (identifier) @local))
(range_clause left: (expression_list (identifier) @local))
(type_switch_statement alias: (expression_list (identifier) @local))
(var_spec name: (identifier) @local)
(const_spec name: (identifier) @local)

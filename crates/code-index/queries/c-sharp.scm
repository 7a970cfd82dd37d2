(namespace_declaration name: (_) @name body: (_) @body) @definition.module
(file_scoped_namespace_declaration name: (_) @name) @definition.module

(class_declaration name: (_) @name body: (_) @body) @definition.type
(struct_declaration name: (_) @name body: (_) @body) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type
(record_declaration name: (_) @name body: (_)? @body) @definition.type
(delegate_declaration name: (_) @name) @definition.type

(method_declaration name: (_) @name body: (_)? @body) @definition.method
(constructor_declaration name: (_) @name body: (_)? @body) @definition.method
(destructor_declaration name: (_) @name body: (_)? @body) @definition.method
(operator_declaration operator: _ @name body: (_)? @body) @definition.method
(conversion_operator_declaration type: (_) @name body: (_)? @body) @definition.method
(indexer_declaration "this" @name accessors: (_)? @body value: (_)? @body) @definition.method
(property_declaration name: (_) @name accessors: (_)? @body value: (_)? @body) @definition.method
(event_declaration name: (_) @name accessors: (_)? @body) @definition.method
(local_function_statement name: (_) @name body: (_)? @body) @definition.function

(field_declaration
  (modifier) @modifier
  (variable_declaration (variable_declarator name: (_) @name))
  (#any-of? @modifier "const" "readonly")) @definition.constant

(invocation_expression function: (identifier) @call)
(invocation_expression function: (generic_name (identifier) @call))
(invocation_expression function: (member_access_expression expression: _ @qualifier name: (identifier) @call))
(invocation_expression function: (member_access_expression expression: _ @qualifier name: (generic_name (identifier) @call)))
(invocation_expression
  function: (conditional_access_expression
    condition: _ @qualifier
    (member_binding_expression name: [(identifier) @call (generic_name (identifier) @call)])))
(object_creation_expression
  type: [
    (identifier) @call
    (generic_name (identifier) @call)
    (qualified_name name: [(identifier) @call (generic_name (identifier) @call)])])
(member_access_expression expression: _ @qualifier name: (identifier) @member)
(member_binding_expression name: (identifier) @member)
(qualified_name qualifier: _ @qualifier name: (identifier) @member)
(attribute name: (identifier) @type)
(base_list (identifier) @type)
(base_list (generic_name (identifier) @type))
(type_argument_list (identifier) @type)
(variable_declaration type: (identifier) @type)
(variable_declaration type: (generic_name (identifier) @type))
(parameter type: (identifier) @type)
(parameter type: (generic_name (identifier) @type))
(property_declaration type: (identifier) @type)
(method_declaration returns: (identifier) @type)
(method_declaration returns: (generic_name (identifier) @type))
(cast_expression type: (identifier) @type)
(typeof_expression type: (identifier) @type)
(declaration_pattern type: (identifier) @type)

(using_directive) @import
(namespace_declaration name: (_) @package)
(file_scoped_namespace_declaration name: (_) @package)

[
  (method_declaration)
  (constructor_declaration)
  (operator_declaration)
  (indexer_declaration)
  (local_function_statement)
  (lambda_expression)
  (anonymous_method_expression)
  (accessor_declaration)
  (block)
  (for_statement)
  (foreach_statement)
  (catch_clause)
  (query_expression)
] @scope
(parameter name: (identifier) @local)
(lambda_expression parameters: (implicit_parameter) @local)
(block (local_declaration_statement (variable_declaration (variable_declarator name: (identifier) @local))))
(for_statement (variable_declaration (variable_declarator name: (identifier) @local)))
(using_statement (variable_declaration (variable_declarator name: (identifier) @local)))
(foreach_statement left: (identifier) @local)
(catch_declaration name: (identifier) @local)
(declaration_pattern name: (identifier) @local)
(declaration_expression name: (identifier) @local)
(tuple_pattern name: (identifier) @local)
(from_clause name: (identifier) @local)

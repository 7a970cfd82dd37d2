(class_definition name: (_) @name body: (_) @body) @definition.type
(decorated_definition definition: (class_definition name: (_) @name body: (_) @body)) @definition.type

(function_definition name: (_) @name body: (_) @body) @definition.function
(decorated_definition definition: (function_definition name: (_) @name body: (_) @body)) @definition.function

(class_definition body: (block (function_definition name: (_) @name body: (_) @body) @definition.method))
(class_definition
  body: (block
    (decorated_definition
      definition: (function_definition name: (_) @name body: (_) @body)) @definition.method))

(module
  (expression_statement (assignment left: (identifier) @name)) @definition.constant
  (#match? @name "^[A-Z][A-Z0-9_]*$"))

(call function: (identifier) @call)
(call function: (attribute object: (_) @qualifier attribute: (identifier) @call))
(attribute object: (_) @qualifier attribute: (identifier) @member)
(keyword_argument name: (identifier) @member)
(decorator (identifier) @call)
(class_definition superclasses: (argument_list (identifier) @type))
(type (identifier) @type)

(import_statement) @import
(import_from_statement) @import

[(function_definition) (lambda) (list_comprehension) (set_comprehension) (dictionary_comprehension) (generator_expression)] @scope
(parameters (identifier) @local)
(lambda_parameters (identifier) @local)
(typed_parameter . (identifier) @local)
(default_parameter name: (identifier) @local)
(typed_default_parameter name: (identifier) @local)
(list_splat_pattern (identifier) @local)
(dictionary_splat_pattern (identifier) @local)
(assignment left: (identifier) @local)
(pattern_list (identifier) @local)
(tuple_pattern (identifier) @local)
(for_statement left: (identifier) @local)
(for_in_clause left: (identifier) @local)
(as_pattern_target (identifier) @local)
(named_expression name: (identifier) @local)

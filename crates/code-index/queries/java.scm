(module_declaration name: (_) @name body: (_) @body) @definition.module

(class_declaration name: (_) @name body: (_) @body) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type
(record_declaration name: (_) @name body: (_) @body) @definition.type
(annotation_type_declaration name: (_) @name body: (_) @body) @definition.type

(method_declaration name: (_) @name body: (_)? @body) @definition.method
(constructor_declaration name: (_) @name body: (_) @body) @definition.method
(compact_constructor_declaration name: (_) @name body: (_) @body) @definition.method
(annotation_type_element_declaration name: (_) @name) @definition.method

(field_declaration
  (modifiers "final")
  declarator: (variable_declarator name: (_) @name)) @definition.constant
(constant_declaration declarator: (variable_declarator name: (_) @name)) @definition.constant

(method_invocation !object name: (identifier) @call)
(method_invocation object: (_) @qualifier name: (identifier) @call)
(object_creation_expression
  type: [
    (type_identifier) @call
    (generic_type (type_identifier) @call)
    (scoped_type_identifier (type_identifier) @call .)])
(method_reference . (_) @qualifier (identifier) @member)
(field_access object: (_) @qualifier field: (identifier) @member)
(annotation name: (identifier) @type)
(marker_annotation name: (identifier) @type)

(import_declaration) @import
(package_declaration (_) @package)

[
  (method_declaration)
  (constructor_declaration)
  (compact_constructor_declaration)
  (lambda_expression)
  (block)
  (for_statement)
  (enhanced_for_statement)
  (try_with_resources_statement)
  (catch_clause)
] @scope
(formal_parameter name: (identifier) @local)
(spread_parameter (variable_declarator name: (identifier) @local))
(local_variable_declaration declarator: (variable_declarator name: (identifier) @local))
(enhanced_for_statement name: (identifier) @local)
(resource name: (identifier) @local)
(catch_formal_parameter name: (identifier) @local)
(lambda_expression parameters: (identifier) @local)
(inferred_parameters (identifier) @local)
(instanceof_expression name: (identifier) @local)

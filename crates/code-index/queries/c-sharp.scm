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

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

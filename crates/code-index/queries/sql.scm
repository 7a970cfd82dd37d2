(create_table (object_reference name: (_) @name) (column_definitions)? @body) @definition.type
(create_view (object_reference name: (_) @name) (create_query) @body) @definition.type
(create_materialized_view (object_reference name: (_) @name) (create_query) @body) @definition.type
(create_type (object_reference name: (_) @name)) @definition.type
(create_function (object_reference name: (_) @name) (function_body)? @body) @definition.function

(invocation (object_reference name: (identifier) @call))
(object_reference schema: (_) @qualifier name: (identifier) @member)
(relation (object_reference name: (identifier) @type))
(insert (object_reference name: (identifier) @type))
(from (object_reference name: (identifier) @type))
(column_definition (object_reference name: (identifier) @type))
(field (object_reference name: (_) @qualifier) name: (identifier) @member)

(class_definition name: (_) @name body: (_)? @body) @definition.type
(object_definition name: (_) @name body: (_)? @body) @definition.type
(trait_definition name: (_) @name body: (_)? @body) @definition.type
(enum_definition name: (_) @name body: (_) @body) @definition.type
(type_definition name: (_) @name) @definition.type

(function_definition name: (_) @name body: (_)? @body) @definition.function
(function_declaration name: (_) @name) @definition.function
(template_body (function_definition name: (_) @name body: (_)? @body) @definition.method)
(template_body (function_declaration name: (_) @name) @definition.method)

(template_body (val_definition pattern: (identifier) @name) @definition.constant)
(compilation_unit (val_definition pattern: (identifier) @name) @definition.constant)

(call_expression function: (identifier) @call)
(call_expression function: (field_expression value: (_) @qualifier field: (identifier) @call))
(call_expression function: (generic_function function: (identifier) @call))
(instance_expression [(type_identifier) @call (generic_type type: (type_identifier) @call)])
(field_expression value: (_) @qualifier field: (identifier) @member)

(import_declaration) @import
(package_clause name: (_) @package)

[(function_definition) (lambda_expression) (block) (for_expression) (case_clause)] @scope
(parameter name: (identifier) @local)
(binding name: (identifier) @local)
(lambda_expression parameters: (identifier) @local)
(block (val_definition pattern: (identifier) @local))
(block (var_definition pattern: (identifier) @local))
(enumerator . (identifier) @local)
(case_clause pattern: (identifier) @local)

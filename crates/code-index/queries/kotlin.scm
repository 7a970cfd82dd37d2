(class_declaration name: (_) @name [(class_body) (enum_class_body)] @body) @definition.type
(class_declaration name: (_) @name) @definition.type
(object_declaration name: (_) @name (class_body)? @body) @definition.type
(companion_object name: (_) @name (class_body)? @body) @definition.type
(type_alias type: (_) @name) @definition.type

(function_declaration name: (_) @name (function_body)? @body) @definition.function
(class_body (function_declaration name: (_) @name (function_body)? @body) @definition.method)
(enum_class_body (function_declaration name: (_) @name (function_body)? @body) @definition.method)
(secondary_constructor "constructor" @name (block)? @body) @definition.method
(property_declaration (variable_declaration (identifier) @name) (getter) @body) @definition.method

(property_declaration
  (modifiers (property_modifier) @modifier)
  (variable_declaration (identifier) @name)
  (#eq? @modifier "const")) @definition.constant

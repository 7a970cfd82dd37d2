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

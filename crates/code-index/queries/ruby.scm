(module name: (_) @name @head) @definition.module
(class name: (_) @name @head superclass: (_)? @head) @definition.type
(method name: (_) @name @head parameters: (_)? @head) @definition.method
(singleton_method name: (_) @name @head parameters: (_)? @head) @definition.method
(assignment left: (constant) @name) @definition.constant

(module name: (_) @name @head) @definition.module
(class name: (_) @name @head superclass: (_)? @head) @definition.type
(method name: (_) @name @head parameters: (_)? @head) @definition.method
(singleton_method name: (_) @name @head parameters: (_)? @head) @definition.method
(assignment left: (constant) @name) @definition.constant

(call !receiver method: (identifier) @call)
(call receiver: (_) @qualifier method: (identifier) @call)
(call receiver: (constant) @call method: (identifier) @method (#eq? @method "new"))
(call receiver: (scope_resolution name: (constant) @call) method: (identifier) @method (#eq? @method "new"))
(scope_resolution scope: (_) @qualifier name: (_) @member)

(call
  method: (identifier) @method
  arguments: (argument_list . (string) @import .)
  (#any-of? @method "require" "require_relative" "load" "autoload"))

[(method) (singleton_method) (lambda) (block) (do_block)] @scope
(method_parameters (identifier) @local)
(block_parameters (identifier) @local)
(lambda_parameters (identifier) @local)
(optional_parameter name: (identifier) @local)
(splat_parameter name: (identifier) @local)
(keyword_parameter name: (identifier) @local)
(hash_splat_parameter name: (identifier) @local)
(block_parameter name: (identifier) @local)
(assignment left: (identifier) @local)
(left_assignment_list (identifier) @local)
(exception_variable (identifier) @local)
(for pattern: (identifier) @local)

(function_statement (function_name) @name "{" @body) @definition.function
(function_statement (function_name) @name (script_block (param_block) @head)) @definition.function
(class_statement . (simple_name) @name "{" @body) @definition.type
(enum_statement . (simple_name) @name "{" @body) @definition.type
(class_method_definition (simple_name) @name "{" @body) @definition.method

(command command_name: (command_name) @call)
(invokation_expression . (_) @qualifier (member_name (simple_name) @call))
(member_access . (_) @qualifier (member_name (simple_name) @member))

(command
  command_name: (command_name) @command
  command_elements: (command_elements) @import
  (#any-of? @command "using" "Import-Module" "import-module"))

(function_definition name: (word) @name body: (_) @body) @definition.function
(declaration_command "readonly" (variable_assignment name: (variable_name) @name)) @definition.constant

(command name: (command_name (word) @call))
(command
  name: (command_name (word) @command)
  .
  argument: (word) @import
  (#any-of? @command "source" "."))

[(function_definition) (subshell)] @scope
(declaration_command (variable_assignment name: (variable_name) @local))
(declaration_command (variable_name) @local)
(for_statement variable: (variable_name) @local)

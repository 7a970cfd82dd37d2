(mod_item name: (_) @name body: (_)? @body) @definition.module

(struct_item name: (_) @name body: (_)? @body) @definition.type
(enum_item name: (_) @name body: (_) @body) @definition.type
(union_item name: (_) @name body: (_) @body) @definition.type
(trait_item name: (_) @name body: (_) @body) @definition.type
(type_item name: (_) @name) @definition.type

(function_item name: (_) @name body: (_) @body) @definition.function
(function_signature_item name: (_) @name) @definition.function
(impl_item body: (declaration_list (function_item name: (_) @name body: (_) @body) @definition.method))
(trait_item body: (declaration_list (function_item name: (_) @name body: (_) @body) @definition.method))
(trait_item body: (declaration_list (function_signature_item name: (_) @name) @definition.method))
(macro_definition name: (_) @name) @definition.function

(const_item name: (_) @name) @definition.constant
(static_item name: (_) @name) @definition.constant

(call_expression function: (identifier) @call)
(call_expression function: (generic_function function: (identifier) @call))
(call_expression function: (scoped_identifier path: (_)? @qualifier name: (identifier) @call))
(call_expression function: (generic_function function: (scoped_identifier path: (_)? @qualifier name: (identifier) @call)))
(call_expression function: (field_expression value: (_) @qualifier field: (field_identifier) @call))
(call_expression function: (generic_function function: (field_expression value: (_) @qualifier field: (field_identifier) @call)))
(macro_invocation macro: (identifier) @call)
(token_tree (identifier) @call . (token_tree))
(struct_expression name: (type_identifier) @call)
(scoped_identifier path: (_) @qualifier name: (identifier) @member)
(scoped_type_identifier path: (_) @qualifier name: (type_identifier) @type)
(field_expression value: (_) @qualifier field: (field_identifier) @member)
(field_initializer field: (field_identifier) @member)

(use_declaration) @import
(extern_crate_declaration) @import
(impl_item
  type: [
    (type_identifier) @container
    (generic_type type: (type_identifier) @container)
    (scoped_type_identifier name: (type_identifier) @container)]) @containing

[(function_item) (closure_expression) (block) (match_arm) (for_expression) (if_expression) (while_expression)] @scope
(parameter pattern: (identifier) @local)
(closure_parameters (identifier) @local)
(let_declaration pattern: (identifier) @local)
(for_expression pattern: (identifier) @local)
(tuple_pattern (identifier) @local)
(slice_pattern (identifier) @local)
(reference_pattern (identifier) @local)
(mut_pattern (identifier) @local)
(tuple_struct_pattern type: (_) (identifier) @local)
(captured_pattern . (identifier) @local)
(match_pattern . (identifier) @local)
(field_pattern pattern: (identifier) @local)
(shorthand_field_identifier) @local

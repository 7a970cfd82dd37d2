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

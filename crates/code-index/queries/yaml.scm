(document (block_node (block_mapping (block_mapping_pair key: (_) @name @head) @definition.key)))
(anchor (anchor_name) @name @head) @definition.constant

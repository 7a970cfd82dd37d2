(document (object (pair key: (string (string_content) @name) @head) @definition.key))

//! As much of GraphQL as the stand-in of Linear is asked: one operation with variables, fields with arguments and aliases.
//!
//! What the language has beside (fragments, directives) is refused, so that nobody takes silence for an answer. Source: the GraphQL
//! specification, October 2021, sections 2 and 5.

use std::collections::BTreeMap;

use serde_json::Value;

/// A field that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) alias: String,
    pub(super) name: String,
    pub(super) arguments: BTreeMap<String, Value>,
    pub(super) selection: Vec<Field>,
}

/// What is done, and its fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    /// Else it is a query.
    pub(super) is_mutation: bool,
    pub(super) selection: Vec<Field>,
}

/// Reads a document; the error is a sentence as servers write it.
pub(super) fn parse(document: &str, variables: &Value) -> Result<Operation, String> {
    let tokens = tokens(document)?;
    let mut reader = Reader { tokens: &tokens, at: 0, variables, declared: BTreeMap::new() };
    let operation = reader.operation()?;
    match reader.peek() {
        None => Ok(operation),
        Some(token) => Err(format!("Syntax Error: Unexpected {token:?}; this stand-in plays one operation without fragments.")),
    }
}

fn tokens(document: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = document;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() || first == ',' {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else if first == '#' {
            rest = rest.split_once('\n').map_or("", |(_, behind)| behind);
        } else if first == '"' {
            let inside = rest.get(1..).unwrap_or_default();
            let end = inside.find('"').ok_or("Syntax Error: Unterminated string.")?;
            tokens.push(format!("\"{}\"", inside.get(..end).unwrap_or_default()));
            rest = inside.get(end + 1..).unwrap_or_default();
        } else {
            let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
            let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len()).max(first.len_utf8());
            tokens.push(rest.get(..length).unwrap_or_default().to_owned());
            rest = rest.get(length..).unwrap_or_default();
        }
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
    variables: &'a Value,
    /// Variables with their types.
    declared: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("Syntax Error: Unexpected <EOF>.")?;
        self.at += 1;
        Ok(token)
    }

    fn take(&mut self, token: &str) -> bool {
        let is_it = self.peek() == Some(token);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(format!("Syntax Error: Expected {token:?}, found {:?}.", self.peek())) }
    }

    fn operation(&mut self) -> Result<Operation, String> {
        let mut is_mutation = false;
        if self.peek() != Some("{") {
            match self.next()?.as_str() {
                "query" => {}
                "mutation" => is_mutation = true,
                other => return Err(format!("Syntax Error: Unexpected Name {other:?}.")),
            }
            if !matches!(self.peek(), Some("(" | "{")) {
                self.next()?;
            }
            if self.take("(") {
                while !self.take(")") {
                    self.declaration()?;
                }
            }
        }
        Ok(Operation { is_mutation, selection: self.selection()? })
    }

    fn declaration(&mut self) -> Result<(), String> {
        self.expect("$")?;
        let name = self.next()?;
        self.expect(":")?;
        let mut kind = self.next()?;
        if self.take("!") {
            kind.push('!');
        }
        let given = self.variables.get(&name).filter(|value| !value.is_null());
        if kind.ends_with('!') && given.is_none() {
            return Err(format!("Variable \"${name}\" of required type \"{kind}\" was not provided."));
        }
        if kind.starts_with("String") && given.is_some_and(|value| !value.is_string()) {
            return Err(format!("Variable \"${name}\" got invalid value; String cannot represent a non string value."));
        }
        self.declared.insert(name, kind);
        Ok(())
    }

    fn selection(&mut self) -> Result<Vec<Field>, String> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.take("}") {
            fields.push(self.field()?);
        }
        if fields.is_empty() { Err("Syntax Error: Expected Name, found \"}\".".to_owned()) } else { Ok(fields) }
    }

    fn field(&mut self) -> Result<Field, String> {
        let mut name = self.next()?;
        if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Err(format!("Syntax Error: Expected Name, found {name:?}; this stand-in plays no fragments and directives."));
        }
        let alias = name.clone();
        if self.take(":") {
            name = self.next()?;
        }
        let mut arguments = BTreeMap::new();
        if self.take("(") {
            while !self.take(")") {
                let argument = self.next()?;
                self.expect(":")?;
                let value = self.value()?;
                arguments.insert(argument, value);
            }
        }
        let selection = if self.peek() == Some("{") { self.selection()? } else { Vec::new() };
        Ok(Field { alias, name, arguments, selection })
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.take("$") {
            let name = self.next()?;
            if !self.declared.contains_key(&name) {
                return Err(format!("Variable \"${name}\" is not defined."));
            }
            return Ok(self.variables.get(&name).cloned().unwrap_or_default());
        }
        let token = self.next()?;
        match token.strip_prefix('"').and_then(|token| token.strip_suffix('"')) {
            Some(text) => Ok(text.into()),
            None => serde_json::from_str(&token).map_err(|_| format!("Syntax Error: Unexpected {token:?}.")),
        }
    }
}

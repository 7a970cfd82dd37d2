//! One question until it is answered: tools that are used on the way, one repair, and answers that were paid for before.

use futures::future::{BoxFuture, join_all};
use review_core::{
    finding::answer::{Answer, strict_schema},
    prompt::SYSTEM,
    usage::Usage,
};
use sha2::{Digest, Sha256};

use super::{
    Account, Begun, Inner, ModelError, Reply, Role, ToolUse, Toolbox, form,
    question::{Completion, Question, Schema, Turn},
};
use crate::store::StoredAnswer;

/// Tokens that an answer may take at most; reasoning models spend most of it before the first visible one.
const MAX_ANSWER_TOKENS: u32 = 16_000;
/// And at least, however small the prompts are.
const LEAST_ANSWER_TOKENS: u32 = 4_000;
/// Tools that are run for one turn; a model that wants more is told so.
const MOST_USES_PER_TURN: usize = 8;

/// What stands in the place of a result that the model's context has no room for.
const NO_ROOM: &str = "Not shown: there is no room for it any more.";
const LAST_LOOK: &str = "\n\nThat was the last look: answer now, with what you have seen.";

/// How a model may look further before it answers.
pub struct Looks<'a> {
    pub toolbox: Toolbox<'a>,
    /// Turns in which tools are used.
    pub most_turns: usize,
    /// Bytes of all results together.
    pub most_bytes: usize,
    /// Tokens read and written, over all turns, after which the model must answer.
    pub most_tokens: u64,
    /// Runs a tool: its result, or in words why there is none. What it returns is redacted again before it leaves.
    pub run: &'a (dyn Fn(ToolUse) -> BoxFuture<'a, String> + Send + Sync),
}

/// A question as it is asked of each model in turn.
pub(super) struct Asked<'a, 'l> {
    pub(super) role: Role,
    pub(super) pack: &'a str,
    pub(super) instruction: &'a str,
    pub(super) looks: Option<&'a Looks<'l>>,
    /// Told when the first of what the model says begins to come.
    pub(super) begun: Option<&'a Begun>,
}

impl Turn {
    /// Takes out what was seen in this turn, but for a word about it; whether there was anything to take out.
    fn forget_results(&mut self) -> bool {
        let Self::Used { uses, .. } = self else { return false };
        let forgotten = format!("{NO_ROOM}{LAST_LOOK}");
        let had_any = uses.iter().any(|(_, result)| result.len() > forgotten.len());
        for (_, result) in uses {
            forgotten.clone_into(result);
        }
        had_any
    }
}

impl Inner {
    /// The stored answer of this model, or a new one with at most one repair: asks, runs the tools that the model uses, and
    /// when the answer does not parse asks again with the reason. A run that was cut takes up its turns from the store.
    pub(super) async fn ask<A: Answer>(
        &self,
        model: &str,
        asked: &Asked<'_, '_>,
        account: Option<&Account>,
    ) -> Result<Reply<A>, ModelError> {
        let mut question = Question {
            system: SYSTEM,
            pack: asked.pack,
            instruction: asked.instruction,
            turns: Vec::new(),
            schema: Schema { name: A::NAME, json: strict_schema::<A>() },
            max_tokens: answer_tokens(self.wanted.prompt_tokens),
            toolbox: asked.looks.map(|looks| looks.toolbox),
            must_answer: false,
            effort: self.wanted.effort,
            begun: asked.begun,
        };
        let (mut usage, mut turns, mut is_repaired) = (Usage::default(), 0_usize, false);
        let mut room = asked.looks.map_or(0, |looks| looks.most_bytes);
        let occasion = account.and_then(|account| account.occasion.as_deref());
        loop {
            let fingerprint = fingerprint(model, &question, occasion);
            let completion = self.completion(asked.role, model, &question, &fingerprint, account).await;
            if let Some(begun) = question.begun {
                begun.tell();
            }
            let completion = match completion {
                // It was what it looked at last that is too long, not the question.
                Err(ModelError::ContextTooLong { message, .. })
                    if question.turns.last_mut().is_some_and(Turn::forget_results) =>
                {
                    tracing::warn!(model, message, "what the model looked at last does not fit; it must answer without it");
                    question.must_answer = true;
                    continue;
                }
                completion => completion?,
            };
            usage += completion.usage;
            if let Some(looks) = asked.looks.filter(|_| !completion.uses.is_empty()) {
                self.keep(&fingerprint, &completion).await?;
                turns += 1;
                if turns > looks.most_turns.saturating_add(1) {
                    let problem = "it went on using tools after it was told to answer".to_owned();
                    return Err(ModelError::BadAnswer { model: model.to_owned(), schema: A::NAME, problem });
                }
                question.must_answer = turns >= looks.most_turns || usage.tokens() >= looks.most_tokens;
                let mut uses = self.run(looks, completion.uses).await;
                for (_, result) in &mut uses {
                    if let Some(rest) = room.checked_sub(result.len()) {
                        room = rest;
                    } else {
                        NO_ROOM.clone_into(result);
                        question.must_answer = true;
                    }
                }
                if question.must_answer
                    && let Some((_, last)) = uses.last_mut()
                {
                    last.push_str(LAST_LOOK);
                }
                question.turns.push(Turn::Used { said: completion.content, uses });
                continue;
            }
            let problem = match form::parse::<A>(&completion.content) {
                Ok(answer) => {
                    self.keep(&fingerprint, &completion).await?;
                    return Ok(Reply { answer, usage, model: model.to_owned() });
                }
                Err(problem) if completion.cut => format!("the answer was cut at its token limit ({problem})"),
                Err(problem) => problem,
            };
            if is_repaired {
                return Err(ModelError::BadAnswer { model: model.to_owned(), schema: A::NAME, problem });
            }
            is_repaired = true;
            tracing::warn!(model, schema = A::NAME, %problem, "the answer does not parse; asking once more");
            let complaint = format!(
                "That is not valid: {problem}. Answer again, with one JSON object of the schema `{}` and nothing else. Be brief.",
                A::NAME
            );
            question.must_answer = true;
            question.turns.push(Turn::Repair { answer: form::excerpt(&completion.content), complaint });
        }
    }

    /// Runs what the model wants to use.
    async fn run(&self, looks: &Looks<'_>, uses: Vec<ToolUse>) -> Vec<(ToolUse, String)> {
        let results = join_all(uses.iter().enumerate().map(|(index, tool_use)| async move {
            if index >= MOST_USES_PER_TURN {
                return format!("Not run: at most {MOST_USES_PER_TURN} tools in one turn.");
            }
            let result = (looks.run)(tool_use.clone()).await;
            self.redactor.redact(&result).text.into_owned()
        }));
        let results = results.await;
        uses.into_iter().zip(results).collect()
    }

    /// The next thing that the model says: the stored one, or one that is paid for.
    async fn completion(
        &self,
        role: Role,
        model: &str,
        question: &Question<'_>,
        fingerprint: &str,
        account: Option<&Account>,
    ) -> Result<Completion, ModelError> {
        if let Some(store) = &self.answers
            && let Some(stored) = store.answer(fingerprint).await?
            && let Ok(completion) = serde_json::from_str::<Completion>(&stored.content)
        {
            tracing::debug!(model, schema = question.schema.name, "answer taken from the store");
            let completion = Completion { usage: stored.usage, ..completion };
            self.source.keep_stored(role, model, question, completion.clone()).await;
            return Ok(completion);
        }
        if let Some(account) = account {
            account.check().await?;
        }
        let completion = self.source.completion(role, model, question).await?;
        let cost = completion.usage.cost_words().map(tracing::field::display);
        tracing::debug!(role = role.word(), model, usage = ?completion.usage, cost, "model answered");
        if let Some(account) = account {
            account.book(role, model, completion.usage).await?;
        }
        Ok(completion)
    }

    /// For a run that is cut and begins again. Answers of no use are not kept, or that run would get the same.
    async fn keep(&self, fingerprint: &str, completion: &Completion) -> Result<(), ModelError> {
        if let Some(store) = &self.answers
            && let Ok(content) = serde_json::to_string(completion)
        {
            store.store_answer(fingerprint, &StoredAnswer { content, usage: completion.usage }, (self.clock)()).await?;
        }
        Ok(())
    }
}

/// As many as the prompt may hold, within bounds: whoever sets `PROMPT_TOKENS` for a small context has no 16,000 more, and
/// servers refuse a limit that cannot fit.
fn answer_tokens(prompt_tokens: usize) -> u32 {
    u32::try_from(prompt_tokens).unwrap_or(u32::MAX).clamp(LEAST_ANSWER_TOKENS, MAX_ANSWER_TOKENS)
}

/// SHA-256 of everything that decides what comes next.
pub(super) fn fingerprint(model: &str, question: &Question<'_>, occasion: Option<&str>) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    };
    if let Some(occasion) = occasion {
        ["occasion", occasion].into_iter().for_each(&mut add);
    }
    for part in [model, question.schema.name, question.system, question.pack, question.instruction] {
        add(part);
    }
    if let Some(toolbox) = question.toolbox {
        add(toolbox.words);
        for tool in toolbox.tools {
            [tool.name, tool.description].into_iter().for_each(&mut add);
        }
    }
    add(if question.must_answer { "must answer" } else { "" });
    for turn in &question.turns {
        match turn {
            Turn::Repair { answer, complaint } => ["repair", answer, complaint].into_iter().for_each(&mut add),
            Turn::Used { said, uses } => {
                ["used", said].into_iter().for_each(&mut add);
                for (tool_use, result) in uses {
                    for part in [&tool_use.name, &tool_use.arguments, result] {
                        add(part);
                    }
                }
            }
        }
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{answer_tokens, fingerprint};
    use crate::llm::question::{Question, Schema, Tool, ToolUse, Toolbox, Turn};

    #[test]
    fn an_answer_may_be_as_long_as_the_prompt_within_bounds() {
        assert_eq!([2_000, 8_000, 60_000, usize::MAX].map(answer_tokens), [4_000, 8_000, 16_000, 16_000]);
    }

    #[test]
    fn every_part_of_a_question_makes_it_another_one() {
        let tools = [Tool { name: "read", description: "Reads.", parameters: json!({}) }];
        let question = || Question {
            system: "rules",
            pack: "pack",
            instruction: "ask",
            turns: Vec::new(),
            schema: Schema { name: "verdict", json: json!({}) },
            max_tokens: 1,
            toolbox: None,
            must_answer: false,
            effort: None,
            begun: None,
        };
        let used = |result: &str| {
            let tool_use = ToolUse { id: "1".to_owned(), name: "read".to_owned(), arguments: "{}".to_owned() };
            vec![Turn::Used { said: String::new(), uses: vec![(tool_use, result.to_owned())] }]
        };
        let all = [
            ("m", question()),
            ("n", question()),
            ("m", Question { schema: Schema { name: "findings", json: json!({}) }, ..question() }),
            ("m", Question { pack: "packa", instruction: "sk", ..question() }),
            ("m", Question { instruction: "other", ..question() }),
            ("m", Question { must_answer: true, ..question() }),
            ("m", Question { toolbox: Some(Toolbox { tools: &tools, words: "" }), ..question() }),
            ("m", Question { turns: used("a"), ..question() }),
            ("m", Question { turns: used("b"), ..question() }),
            ("m", Question { turns: vec![Turn::Repair { answer: String::new(), complaint: String::new() }], ..question() }),
        ];
        let mut prints: Vec<String> = all.iter().map(|(model, question)| fingerprint(model, question, None)).collect();
        assert_eq!(prints[0], fingerprint("m", &question(), None));
        assert_ne!(prints[0], fingerprint("m", &question(), Some("again")), "a full review asks anew");
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), all.len());
    }
}

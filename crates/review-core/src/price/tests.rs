use proptest::prelude::*;

use super::{Price, PriceList};
use crate::{money::Money, usage::Usage};

fn usage(input: u64, cached: u64, output: u64) -> Usage {
    Usage { calls: 1, input_tokens: input, cached_tokens: cached, output_tokens: output, ..Usage::default() }
}

/// Input, cached input and output per million tokens, as the list has them for a model.
fn price(list: &PriceList, model: &str) -> Option<[String; 3]> {
    list.of(model).map(|price| [price.input, price.cached_input, price.output].map(|price| price.to_string()))
}

#[test]
fn a_call_costs_its_fresh_cached_and_written_tokens() {
    let list = PriceList::default();
    let mut call = usage(1_000_000, 600_000, 20_000);
    list.charge("gpt-4.1", &mut call);
    // 400,000 at 2 dollars, 600,000 at 50 cents, 20,000 at 8 dollars a million.
    assert_eq!((call.cost.to_string(), call.unpriced_calls), ("$1.26".to_owned(), 0));

    let mut written = Usage { cache_write_tokens: 300_000, ..usage(1_000_000, 600_000, 0) };
    list.charge("claude-sonnet-4-5", &mut written);
    // 400,000 at 3 dollars, a quarter of that more for 300,000 of them, 600,000 at 30 cents a million.
    assert_eq!(written.cost, Money::from_micros(1_200_000 + 225_000 + 180_000));

    let mut tiny = usage(1, 0, 0);
    list.charge("gpt-4.1-nano", &mut tiny);
    assert_eq!(tiny.cost, Money::from_micros(1), "a tenth of a micro-dollar is not nothing");
}

#[test]
fn ids_of_every_provider_find_the_row_of_their_model() {
    let list = PriceList::default();
    let sonnet = ["$3.00", "$0.30", "$15.00"].map(str::to_owned);
    for id in [
        "claude-sonnet-4-5",
        "claude-sonnet-4-5-20250929",
        "Claude-Sonnet-4-5@20250929",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock/global.anthropic.claude-sonnet-4-6",
        "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0",
        "claude-3-7-sonnet-latest",
        "anthropic/claude-3-5-sonnet-20241022",
    ] {
        assert_eq!(price(&list, id), Some(sonnet.clone()), "{id}");
    }
    let table = [
        ("gpt-4.1", "$2.00"),
        ("gpt-4.1-2025-04-14", "$2.00"),
        ("openai/gpt-4.1-mini", "$0.40"),
        ("azure/gpt-4.1-nano", "$0.10"),
        ("gpt-4o-2024-08-06", "$2.50"),
        ("gpt-4o-2024-05-13", "$5.00"),
        ("gpt-5-chat-latest", "$1.25"),
        ("o1-2024-12-17", "$15.00"),
        ("o4-mini", "$1.10"),
        ("claude-opus-4-20250514", "$15.00"),
        ("claude-opus-4-1", "$15.00"),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "$5.00"),
        ("claude-haiku-4-5-20251001", "$1.00"),
    ];
    for (id, input) in table {
        assert_eq!(price(&list, id).map(|[price, ..]| price).as_deref(), Some(input), "{id}");
    }
}

#[test]
fn a_model_that_no_row_names_has_no_price_and_its_relatives_lend_it_none() {
    let list = PriceList::default();
    for id in [
        "qwen2.5-coder:7b",
        "gpt-4.1-turbo",
        "gpt-5.9",
        "gpt-5.6-sol",
        "o3-pro",
        "o3-deep-research",
        "claude-opus-4-9",
        "claude-opus-6",
        "claude-haiku-5-5",
        "claude-opus-4-5-preview",
        "claude-opus-4-5-2025",
        "my-gpt-4.1",
        "notanthropic.claude-opus-4-5",
        "",
    ] {
        let mut call = usage(100, 0, 100);
        list.charge(id, &mut call);
        assert_eq!((call.cost, call.unpriced_calls), (Money::ZERO, 1), "{id}");
    }
}

#[test]
fn what_the_operator_sets_goes_before_the_table_and_the_longest_name_counts() {
    let list = PriceList::parse("gpt-4.1=1/0.25/4, qwen*=0/0/0,Qwen3-MAX = 1.2 / 0.6 / 6 ,*=9/9/9").unwrap();
    let table = [
        ("gpt-4.1", "$1.00"),
        ("openai/gpt-4.1-2025-04-14", "$1.00"),
        ("qwen2.5-coder:7b", "$0.00"),
        ("qwen3-max", "$1.20"),
        ("qwen3-max-preview", "$0.00"),
        ("o3", "$9.00"),
    ];
    for (id, input) in table {
        assert_eq!(price(&list, id).map(|[price, ..]| price).as_deref(), Some(input), "{id}");
    }
}

#[test]
fn everything_that_is_wrong_with_the_prices_is_told_at_once() {
    let told = PriceList::parse("gpt-4.1=2/8,o3,=1/1/1,a b=1/1/1,a*b=1/1/1,x=-1/1/many,y=1/1/1,Y=2/2/2").unwrap_err();
    assert_eq!(
        told,
        "in `gpt-4.1=2/8`, there are 2 prices in the place of three (input/cached/output); \
         in `o3`, there is no `=` between the model and its prices; \
         in `=1/1/1`, the model is missing before the `=`; \
         in `a b=1/1/1`, the model holds white space, or a `*` that is not its end; \
         in `a*b=1/1/1`, the model holds white space, or a `*` that is not its end; \
         in `x=-1/1/many`, the price of input: it is no amount of dollars, the price of output: it is no amount of dollars; \
         `y` has more than one price"
    );
    assert_eq!(PriceList::parse(" , ").unwrap_err(), "it names no model");
}

#[test]
fn a_server_that_tells_no_tokens_leaves_the_cost_unknown_unless_its_model_is_free() {
    let mut untold = usage(0, 0, 0);
    PriceList::default().charge("gpt-4.1", &mut untold);
    assert_eq!((untold.cost, untold.unpriced_calls), (Money::ZERO, 1));
    let mut free = usage(0, 0, 0);
    PriceList::parse("local=0/0/0").unwrap().charge("local", &mut free);
    assert_eq!((free.cost, free.unpriced_calls), (Money::ZERO, 0));
}

proptest! {
    #[test]
    fn no_count_of_a_server_overflows(input in any::<u64>(), cached in any::<u64>(), output in any::<u64>(), price in any::<u64>()) {
        let money = Money::from_micros(price);
        let cost = Price { input: money, cached_input: Money::ZERO, output: money }.of(&Usage { cache_write_tokens: cached, ..usage(input, cached, output) });
        prop_assert!(cost.micros() == u64::MAX || u128::from(cost.micros()) * 1_000_000 >= u128::from(output) * u128::from(price));
    }

    #[test]
    fn no_name_and_no_list_is_too_strange(text in any::<String>()) {
        let list = PriceList::parse(&text).unwrap_or_default();
        list.of(&text);
    }
}

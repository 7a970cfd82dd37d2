//! The page that a monitoring system reads.

use review_core::{money::Money, scope::CostLimitReached};

use super::*;

fn line(page: &str, start: &str) -> String {
    page.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in\n{page}")).to_owned()
}

#[test]
fn what_is_counted_stands_on_the_page() {
    let metrics = Metrics::new();
    let clone = metrics.clone();
    metrics.webhook("created", "accepted", Duration::from_millis(4));
    clone.webhook("created", "accepted", Duration::from_millis(4));
    metrics.job_ended("reviewed");
    metrics.review_ended("full", "complete", Duration::from_secs(42));
    metrics.finding_posted(Severity::High);
    metrics.finding_dropped(DropReason::QuoteNotFound);
    metrics.finding_dropped(DropReason::NearRejected);
    metrics.outcome(Category::ResourceLeak, Label::ActedOn);
    metrics.reviewed_in_silence(Category::Test);
    let cost = Money::from_micros(1_250_000);
    let usage = Usage { calls: 1, input_tokens: 1000, cached_tokens: 600, output_tokens: 20, cost, ..Usage::default() };
    metrics.model_answered("finder", "gpt-4.1", usage);
    metrics.model_answered("finder", "local", Usage { calls: 1, unpriced_calls: 1, ..Usage::default() });
    metrics.review_skipped(&SkipReason::CostLimit(CostLimitReached::Day { limit: cost }));
    metrics.model_failed("verifier", "o3");
    for status in [200, 203, 302, 404, 429, 503, 99, 0] {
        metrics.azure_devops_call(status);
    }
    metrics.queue(QueueGauges { queued: 3, running: 1, dead: 2, oldest_queued_age: Duration::from_millis(1500) });

    let page = metrics.encode();
    let expected = [
        r#"coderabbit_agent_webhooks_total{kind="created",result="accepted"} 2"#,
        "coderabbit_agent_webhook_acknowledgement_seconds_count 2",
        r#"coderabbit_agent_webhook_acknowledgement_seconds_bucket{le="0.005"} 2"#,
        r#"coderabbit_agent_jobs_ended_total{outcome="reviewed"} 1"#,
        r#"coderabbit_agent_reviews_total{mode="full",outcome="complete"} 1"#,
        r#"coderabbit_agent_review_seconds_bucket{le="60.0"} 1"#,
        r#"coderabbit_agent_findings_posted_total{severity="high"} 1"#,
        r#"coderabbit_agent_findings_dropped_total{reason="quote_not_found"} 1"#,
        r#"coderabbit_agent_findings_dropped_total{reason="near_rejected"} 1"#,
        r#"coderabbit_agent_finding_outcomes_total{category="resource_leak",outcome="acted_on"} 1"#,
        r#"coderabbit_agent_reviews_in_silence_total{category="test"} 1"#,
        r#"coderabbit_agent_model_calls_total{role="finder",model="gpt-4.1",result="answered"} 1"#,
        r#"coderabbit_agent_model_calls_total{role="verifier",model="o3",result="failed"} 1"#,
        r#"coderabbit_agent_model_tokens_total{role="finder",model="gpt-4.1",direction="input"} 400"#,
        r#"coderabbit_agent_model_tokens_total{role="finder",model="gpt-4.1",direction="cached_input"} 600"#,
        r#"coderabbit_agent_model_tokens_total{role="finder",model="gpt-4.1",direction="output"} 20"#,
        r#"coderabbit_agent_model_cost_dollars_total{role="finder",model="gpt-4.1"} 1.25"#,
        r#"coderabbit_agent_model_unpriced_calls_total{role="finder",model="local"} 1"#,
        r#"coderabbit_agent_reviews_skipped_total{reason="cost_limit_day"} 1"#,
        r#"coderabbit_agent_azure_devops_calls_total{status="2xx"} 2"#,
        r#"coderabbit_agent_azure_devops_calls_total{status="429"} 1"#,
        r#"coderabbit_agent_azure_devops_calls_total{status="4xx"} 1"#,
        r#"coderabbit_agent_azure_devops_calls_total{status="none"} 1"#,
        r#"coderabbit_agent_azure_devops_calls_total{status="other"} 1"#,
        r#"coderabbit_agent_queue_jobs{state="dead"} 2"#,
        "coderabbit_agent_queue_oldest_age_seconds 1.5",
    ];
    for expected in expected {
        assert_eq!(line(&page, expected), expected);
    }
    assert!(!page.contains(r#"model_cost_dollars_total{role="finder",model="local"}"#), "not known is not nothing");
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn an_empty_queue_has_no_age_and_two_registries_are_apart() {
    let (one, other) = (Metrics::new(), Metrics::default());
    one.queue(QueueGauges { queued: 1, ..QueueGauges::default() });
    assert_eq!(line(&one.encode(), "coderabbit_agent_queue_oldest_age_seconds"), "coderabbit_agent_queue_oldest_age_seconds 0.0");
    assert!(!other.encode().contains("queue_jobs{"));
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    let refused = init_logging(LogFormat::Json, "info=nonsense").unwrap_err();
    assert!(refused.to_string().starts_with("LOG_LEVEL=info=nonsense cannot be read"), "{refused}");
}

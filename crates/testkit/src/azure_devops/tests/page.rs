//! The page for people.

use super::*;

async fn page(azure: &AzureDevOps, pull_request: &PullRequestHandle) -> Answered {
    let client = Client::new(azure);
    client.send(client.http.get(pull_request.web_url())).await
}

#[tokio::test]
async fn it_shows_threads_beside_their_lines_and_suggestions_as_changes() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let text = "**Bug.** Use long.\n\n```suggestion\n    long total;\n```\n";
    pull_request.comment_on(&azure.bot(), "src/Order.cs", 4, 4, text).await.unwrap();
    let shown = page(&azure, &pull_request).await;
    assert_eq!(shown.status, 200);
    assert!(shown.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let html = shown.text;
    let line = html.find("class=\"code\">    int total;</td>").expect("the line of the diff");
    let thread = html.find("<strong>Bug.</strong>").expect("the comment");
    assert!(line < thread, "the thread comes after its line");
    assert!(html.contains("Suggested change"));
    assert!(html.contains("<td class=\"sign\">−</td><td class=\"code\">    int total;</td>"), "what is replaced");
    assert!(html.contains("<td class=\"sign\">+</td><td class=\"code\">    long total;</td>"), "what replaces it");
}

#[tokio::test]
async fn nothing_that_was_written_becomes_markup() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let evil = "<script>alert(1)</script> <img src=x onerror=alert(2)>\n\nA [x](javascript:alert(3)) ![y](http://evil.example/p.png)\n\n\
                <details onclick=\"x()\"><summary>more</summary>\n\nkept\n\n</details>\n\n</div></body>\n\n<!-- concealed\n\nfingerprint --> <b>bold</b>";
    pull_request.comment(&azure.bot(), evil).await.unwrap();
    pull_request.set_title("<script>title</script>").await.unwrap();
    pull_request.push(&[("<img src=x>.txt", "<script>file</script>\n")]).await.unwrap();
    let html = page(&azure, &pull_request).await.text;
    for forbidden in ["<script", "<img", "javascript:", "evil.example", "<details onclick", "concealed", "fingerprint"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("&lt;script&gt;file&lt;/script&gt;"));
    assert_eq!(html.matches("</body>").count(), 1);
    assert_eq!(html.matches("<details").count(), html.matches("</details>").count());
}

#[tokio::test]
async fn an_unknown_pull_request_is_a_page_too() {
    let azure = AzureDevOps::start().await.unwrap();
    sample(&azure).await;
    let client = Client::new(&azure);
    let missing =
        client.send(client.http.get(format!("{}/Shop%20Floor/_git/orders/pullrequest/99", azure.collection_url()))).await;
    assert_eq!(missing.status, 404);
    let index = client.send(client.http.get(format!("http://{}/", azure.address()))).await;
    assert!(index.text.contains("Add totals"));
}

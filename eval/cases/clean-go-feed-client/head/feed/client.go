package feed

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// maxPages is the most that one call reads, so that a server that always names a next page ends.
const maxPages = 50

// Client asks one server.
type Client struct {
	base *url.URL
	http *http.Client
}

// NewClient makes a client for the server at base.
func NewClient(base *url.URL) *Client {
	return &Client{base: base, http: &http.Client{Timeout: 10 * time.Second}}
}

// Titles lists the titles of the newest entries.
func (c *Client) Titles(ctx context.Context) ([]string, error) {
	var titles []string
	if err := c.get(ctx, "titles", nil, &titles); err != nil {
		return nil, err
	}
	return titles, nil
}

// Since lists the entries that were published after the given time, page by page.
func (c *Client) Since(ctx context.Context, after time.Time) ([]Entry, error) {
	var entries []Entry
	query := url.Values{"after": {after.UTC().Format(time.RFC3339)}}
	for count := 0; count < maxPages; count++ {
		var answer page
		if err := c.get(ctx, "entries", query, &answer); err != nil {
			return nil, fmt.Errorf("page %d of the entries: %w", count+1, err)
		}
		entries = append(entries, answer.Entries...)
		if answer.Next == "" {
			return entries, nil
		}
		query.Set("cursor", answer.Next)
	}
	return nil, fmt.Errorf("the server names more than %d pages", maxPages)
}

// get asks for a path below the base and decodes the answer into target.
func (c *Client) get(ctx context.Context, path string, query url.Values, target any) error {
	address := c.base.JoinPath(path)
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	return decode(response, target)
}

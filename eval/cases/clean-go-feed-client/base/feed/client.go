package feed

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

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
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath("titles").String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	var titles []string
	if err := decode(response, &titles); err != nil {
		return nil, err
	}
	return titles, nil
}

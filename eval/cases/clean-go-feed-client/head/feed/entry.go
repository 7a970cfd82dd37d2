package feed

import "time"

// Entry is one piece of news.
type Entry struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Published time.Time `json:"published"`
}

// page is an answer of the server; Next is empty on the last one.
type page struct {
	Entries []Entry `json:"entries"`
	Next    string  `json:"next"`
}

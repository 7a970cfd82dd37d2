package session

import (
	"testing"
	"time"
)

func TestASessionReplacesTheOneOfTheSameID(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	store := NewStore(2, func() time.Time { return clock })
	store.Put(&Session{ID: "a", UserID: "1"})
	store.Put(&Session{ID: "b", UserID: "2"})
	store.Put(&Session{ID: "a", UserID: "3"})
	if got := store.Len(); got != 2 {
		t.Fatalf("%d sessions, want 2", got)
	}
	if got := store.Evicted(); got != 0 {
		t.Fatalf("%d evicted, want none", got)
	}
}

package session

import (
	"sync"
	"time"
)

// Store holds the sessions of one process. It is safe for concurrent use.
type Store struct {
	mu       sync.RWMutex
	sessions map[string]*Session
	now      func() time.Time
}

// NewStore makes an empty store that reads the time from now.
func NewStore(now func() time.Time) *Store {
	return &Store{sessions: make(map[string]*Session), now: now}
}

// Put adds a session, or replaces the one with the same id.
func (s *Store) Put(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session.LastSeen = s.now()
	s.sessions[session.ID] = session
}

// Touch notes that a session is in use, and says whether there is one.
func (s *Store) Touch(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[id]
	if ok {
		session.LastSeen = s.now()
	}
	return ok
}

// Delete ends a session. Ending one that is not there is fine.
func (s *Store) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, id)
}

// Len tells how many sessions there are.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.sessions)
}

// Idle lists the ids of sessions that were last seen before the given time.
func (s *Store) Idle(before time.Time) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var ids []string
	for id, session := range s.sessions {
		if session.LastSeen.Before(before) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Oldest gives the id of the session that was not seen for the longest time; the empty string when there is none.
func (s *Store) Oldest() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	oldest := ""
	var seen time.Time
	for id, session := range s.sessions {
		if oldest == "" || session.LastSeen.Before(seen) {
			oldest, seen = id, session.LastSeen
		}
	}
	return oldest
}

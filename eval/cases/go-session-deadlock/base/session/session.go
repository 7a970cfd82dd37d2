// Package session keeps who is signed in.
package session

import "time"

// Session is one sign-in of a user.
type Session struct {
	ID     string
	UserID string
	// LastSeen is moved on by every request of the session.
	LastSeen time.Time
}

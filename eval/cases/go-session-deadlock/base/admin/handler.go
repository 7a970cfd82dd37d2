// Package admin answers the pages of operators.
package admin

import (
	"encoding/json"
	"net/http"

	"example.com/gate/session"
)

// Handler serves /admin/sessions.
type Handler struct {
	store *session.Store
}

// New makes a handler over a store.
func New(store *session.Store) *Handler {
	return &Handler{store: store}
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]int{"sessions": h.store.Len()})
}

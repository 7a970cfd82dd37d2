// Package feed reads news from a server.
package feed

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// maxAnswer is the most that is read of one answer, in bytes.
const maxAnswer = 1 << 20

// decode reads the JSON of an answer into target. It closes the body, whatever comes of it.
func decode(response *http.Response, target any) error {
	defer func() {
		// What is left is read, so that the connection serves the next request.
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
		response.Body.Close()
	}()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(target); err != nil {
		return fmt.Errorf("the answer is no JSON that we know: %w", err)
	}
	return nil
}

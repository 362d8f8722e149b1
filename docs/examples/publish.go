// Publishes a post, then corrects its headline: go run publish.go CHANNEL HEADLINE CORRECTED
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	random "math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"time"
)

const attemptsMax = 8

var client = &http.Client{Timeout: 30 * time.Second}

// call sends a write until it is answered. The same Idempotency-Key each time makes it one write.
func call(method, path, ifMatch string, body any) *http.Response {
	text, err := json.Marshal(body)
	if err != nil {
		log.Fatal(err)
	}
	key := rand.Text()
	for attempt := range attemptsMax {
		request, err := http.NewRequest(method, os.Getenv("WIRECOPY")+path, bytes.NewReader(text))
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+os.Getenv("KEY"))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
		if ifMatch != "" {
			request.Header.Set("If-Match", ifMatch)
		}
		wait := time.Duration(random.Float64() * 0.5 * float64(time.Second) * float64(int(1)<<attempt))
		response, err := client.Do(request)
		if err != nil {
			log.Print(err)
		} else {
			answer, _ := io.ReadAll(response.Body)
			response.Body.Close()
			switch {
			case response.StatusCode < 300:
				return response
			case response.StatusCode != 429 && response.StatusCode != 503:
				log.Fatal(string(answer))
			}
			seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
			wait += time.Duration(seconds) * time.Second
		}
		time.Sleep(wait)
	}
	log.Fatal(method, " ", path, " was not answered.")
	return nil
}

func main() {
	channel, headline, corrected := os.Args[1], os.Args[2], os.Args[3]
	published := call("POST", "/v1/channels/"+channel+"/posts", "", map[string]any{"headline": headline})
	post := published.Header.Get("Location")
	// If-Match names the version that was seen, so an edit of somebody else is never overwritten.
	edited := call("PATCH", post, published.Header.Get("ETag"), map[string]any{
		"headline":   corrected,
		"correction": map[string]string{"text": "An earlier headline was: " + headline},
	})
	fmt.Println(post, edited.Header.Get("ETag"))
}

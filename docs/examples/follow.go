// Follows a channel as an event stream: go run follow.go CHANNEL
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"
)

// A comment comes every 10 seconds. A stream that is silent for much longer is dead.
const silenceMax = 45 * time.Second

// read follows from the cursor until the stream ends, and returns the cursor at which it ended.
func read(url, cursor string) (string, error) {
	dead, cancel := context.WithCancel(context.Background())
	defer cancel()
	timer := time.AfterFunc(silenceMax, cancel)
	defer timer.Stop()
	request, err := http.NewRequestWithContext(dead, http.MethodGet, url, nil)
	if err != nil {
		return cursor, err
	}
	if cursor != "" {
		request.Header.Set("Last-Event-ID", cursor)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return cursor, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return cursor, fmt.Errorf("refused: %s", response.Status)
	}
	event := map[string]string{}
	for lines := bufio.NewReader(response.Body); ; timer.Reset(silenceMax) {
		line, err := lines.ReadString('\n')
		if err != nil {
			return cursor, err
		}
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if name != "" {
			event[name] = strings.TrimPrefix(value, " ")
			continue
		}
		if line == "\n" && event["data"] != "" {
			show(event["event"], event["data"])
			cursor = event["id"]
		}
		if line == "\n" {
			clear(event)
		}
	}
}

func show(name, data string) {
	var content struct {
		Posts   []struct{}
		Changes []struct {
			Type string
			Post struct{ ID, Headline string }
		}
	}
	if err := json.Unmarshal([]byte(data), &content); err != nil {
		log.Fatal(err)
	}
	if name == "snapshot" {
		// It replaces all that was known of the channel.
		fmt.Println("snapshot", len(content.Posts), "posts")
	}
	for _, change := range content.Changes {
		fmt.Println(change.Type, change.Post.ID, change.Post.Headline)
	}
}

func main() {
	url, cursor := os.Getenv("WIRECOPY")+"/v1/channels/"+os.Args[1]+"/stream", ""
	for {
		var err error
		cursor, err = read(url, cursor)
		log.Print(err)
		time.Sleep(500*time.Millisecond + time.Duration(rand.IntN(2_000))*time.Millisecond)
	}
}

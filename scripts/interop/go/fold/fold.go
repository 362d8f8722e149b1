// Package fold is what the programs of this folder share: the cursor, the rules for a batch (PROTOCOL.md, "What a client
// does with a batch"), and the lines that they print.
package fold

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// Fold holds the cursor, and prints what is applied.
type Fold struct {
	mutex  sync.Mutex
	cursor string
}

// New returns a Fold that stands at the cursor; at none if it is empty.
func New(cursor string) *Fold { return &Fold{cursor: cursor} }

// Cursor returns where the Fold stands.
func (f *Fold) Cursor() string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.cursor
}

// StartOver takes a Snapshot.
func (f *Fold) StartOver(snapshot json.RawMessage) {
	var head struct{ Cursor string }
	must(json.Unmarshal(snapshot, &head))
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.cursor = head.Cursor
	Say("snapshot", "snapshot", snapshot)
}

// Apply takes a Batch. It returns false if something is missing; the caller then follows again from the cursor.
func (f *Fold) Apply(batch json.RawMessage) bool {
	var head struct {
		Epoch    string
		From, To int64
	}
	must(json.Unmarshal(batch, &head))
	f.mutex.Lock()
	defer f.mutex.Unlock()
	sameLog, offset := f.standing(head.Epoch)
	if sameLog && head.To <= offset {
		return true
	}
	if !sameLog || head.From != offset {
		return false
	}
	f.cursor = fmt.Sprintf("%s:%d", head.Epoch, head.To)
	Say("batch", "batch", batch)
	return true
}

func (f *Fold) standing(epoch string) (bool, int64) {
	var offset int64
	if _, err := fmt.Sscanf(f.cursor, epoch+":%d", &offset); err != nil {
		return false, 0
	}
	return true, offset
}

var printing sync.Mutex

// Say prints a line.
func Say(event, name string, value any) {
	line, err := json.Marshal(map[string]any{"event": event, name: value})
	must(err)
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(string(line))
}

// Obey runs a command for each word on standard input, and ends the program with it.
func Obey(commands map[string]func()) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if command := commands[lines.Text()]; command != nil {
			command()
		}
	}
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Istio's own analyzers, those of `istioctl analyze`, over the files of folders: mesh FOLDER|FILE…
// Prints each message, then how many analyzers ran over how many files; ends with 1 where there was a message.
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
)

func main() {
	messages, err := analyze(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if messages > 0 {
		os.Exit(1)
	}
}

func analyze(paths []string) (int, error) {
	sources, err := read(paths)
	if err != nil {
		return 0, err
	}
	analyzer := local.NewIstiodAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	if err := analyzer.AddDefaultResources(); err != nil {
		return 0, err
	}
	if err := analyzer.AddReaderKubeSource(sources); err != nil {
		return 0, err
	}
	cancel := make(chan struct{})
	defer close(cancel)
	result, err := analyzer.Analyze(cancel)
	if err != nil {
		return 0, err
	}
	for _, message := range result.Messages {
		fmt.Println(message.String())
	}
	fmt.Printf("%d analyzers, %d files, %d messages\n", len(result.ExecutedAnalyzers), len(sources), len(result.Messages))
	return len(result.Messages), nil
}

// read takes every YAML file but those of kustomize, which are no objects.
func read(paths []string) ([]local.ReaderSource, error) {
	var sources []local.ReaderSource
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".yaml") || entry.Name() == "kustomization.yaml" {
				return err
			}
			text, err := os.ReadFile(name)
			sources = append(sources, local.ReaderSource{Name: name, Reader: bytes.NewReader(text)})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return sources, nil
}

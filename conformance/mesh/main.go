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
	"istio.io/istio/pkg/config/analysis/diag"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/log"
	"sigs.k8s.io/yaml"
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
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.ErrorLevel)
	}
	analyzer := local.NewIstiodAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	// With Services, Namespaces and pods: what istioctl would ask a cluster for stands in the files, and who needs it is else left out.
	if err := analyzer.AddTestReaderKubeSource(sources); err != nil {
		return 0, err
	}
	if err := analyzer.AddDefaultResources(); err != nil {
		return 0, err
	}
	// Where nobody is in the mesh, it waits for who comes.
	analyzer.SetSuppressions([]local.AnalysisSuppression{{Code: "IST0127", ResourceName: "AuthorizationPolicy */deny-all"}})
	cancel := make(chan struct{})
	defer close(cancel)
	result, err := analyzer.Analyze(cancel)
	if err != nil {
		return 0, err
	}
	if len(result.SkippedAnalyzers) > 0 {
		return 0, fmt.Errorf("left out: %s", strings.Join(result.SkippedAnalyzers, ", "))
	}
	// Advice is none that somebody must follow: that pods say for themselves whether they are in the mesh, and not their namespaces.
	messages := result.Messages.FilterOutLowerThan(diag.Warning)
	for _, message := range messages {
		fmt.Println(message.String())
	}
	fmt.Printf("%d analyzers, %d files, %d messages\n", len(result.ExecutedAnalyzers), len(sources), len(messages))
	return len(messages), nil
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
			if err != nil {
				return err
			}
			sources = append(sources, local.ReaderSource{Name: name, Reader: bytes.NewReader(text)})
			pod, err := podOf(text)
			if pod != nil {
				sources = append(sources, local.ReaderSource{Name: name + " (its pod)", Reader: bytes.NewReader(pod)})
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return sources, nil
}

type tree = map[string]any

// podOf is the pod that a controller would make, with the proxy that Istio would put in, or the mark of its plugin; nil for what makes none.
func podOf(text []byte) ([]byte, error) {
	var object tree
	if err := yaml.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	spec, _ := object["spec"].(tree)
	if job, isCron := spec["jobTemplate"].(tree); isCron {
		spec, _ = job["spec"].(tree)
	}
	template, _ := spec["template"].(tree)
	inner, isPod := template["spec"].(tree)
	containers, hasContainers := inner["containers"].([]any)
	if !isPod || !hasContainers {
		return nil, nil
	}
	own, _ := object["metadata"].(tree)
	meta, _ := template["metadata"].(tree)
	meta["name"], meta["namespace"] = own["name"], own["namespace"]
	labels, _ := meta["labels"].(tree)
	if labels["sidecar.istio.io/inject"] == "true" {
		inner["containers"] = append(containers, tree{"name": "istio-proxy", "image": "istio/proxyv2:1.31.1"})
	}
	if labels["istio.io/dataplane-mode"] == "ambient" {
		meta["annotations"] = tree{"ambient.istio.io/redirection": "enabled"}
	}
	return yaml.Marshal(tree{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": inner})
}

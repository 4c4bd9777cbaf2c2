// Command coredns is the name server of a cluster, with the plugins that a cluster's Corefile uses and none of the clouds'.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
)

func init() {
	// The order in which a question passes them.
	dnsserver.Directives = []string{"ready", "health", "errors", "loadbalance", "template", "kubernetes"}
}

func main() { coremain.Run() }

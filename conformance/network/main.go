// The network's judge as one program, called by role: `proxy` is kube-proxy, which gives Services their addresses, and
// `policies` SIG Network's kube-network-policies, which asks the policies about the first packet of each connection.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/cli"
	"k8s.io/klog/v2"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/dataplane"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
		os.Args = append(os.Args[:1], os.Args[2:]...)
	}
	switch role {
	case "proxy":
		os.Exit(cli.Run(proxy.NewProxyCommand()))
	case "policies":
		policies()
	default:
		fmt.Fprintln(os.Stderr, "usage: proxy|policies ...")
		os.Exit(2)
	}
}

// policies answers for packets that iptables hands to its queue; the engine's own nftables rules need a target that not
// every kernel has.
func policies() {
	flags := pflag.NewFlagSet("policies", pflag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "")
	node := flags.String("node", "", "")
	queue := flags.Int("queue", 100, "")
	level := flags.String("v", "0", "")
	must(flags.Parse(os.Args[1:]))
	klog.InitFlags(nil)
	must(flag.Set("logtostderr", "true"))
	must(flag.Set("v", *level))

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	must(err)
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	must(err)
	factory := informers.NewSharedInformerFactory(client, 0)
	namespaces, pods, rules := factory.Core().V1().Namespaces(), factory.Core().V1().Pods(), factory.Networking().V1().NetworkPolicies()
	resolver, err := podinfo.NewInformerResolver(pods.Informer())
	must(err)
	engine := networkpolicy.NewPolicyEngine(
		podinfo.NewInformerProvider(pods, namespaces, nil, []podinfo.IPResolver{resolver}),
		[]api.PolicyEvaluator{networkpolicy.NewStandardNetworkPolicy(*node, namespaces, pods, rules)})
	factory.Start(ctx.Done())
	controller, err := dataplane.NewController(engine, dataplane.Config{QueueID: *queue})
	must(err)
	if err := controller.Run(ctx); err != nil {
		klog.Fatal(err)
	}
}

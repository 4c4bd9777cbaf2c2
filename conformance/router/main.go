// Command kuberouter is the part of kube-router that K3s has, too: its controller of network policies, which writes rules of
// iptables and sets, without its routes and its proxy of Services.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/svcip"
	"github.com/spf13/pflag"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	flags := pflag.NewFlagSet("kuberouter", pflag.ExitOnError)
	config := options.NewKubeRouterConfig()
	config.AddFlags(flags)
	must(flags.Parse(os.Args[1:]))
	klog.InitFlags(nil)
	must(flag.Set("logtostderr", "true"))
	must(flag.Set("v", config.VLevel))

	connection, err := clientcmd.BuildConfigFromFlags("", config.Kubeconfig)
	must(err)
	connection.QPS, connection.Burst = 100, 200
	client, err := kubernetes.NewForConfig(connection)
	must(err)
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	stop := make(chan struct{})
	factory.Start(stop)
	factory.WaitForCacheSync(stop)

	ranges, err := svcip.NewValidator(svcip.Config{
		ExternalIPCIDRs: config.ExternalIPCIDRs, LoadBalancerCIDRs: config.LoadBalancerCIDRs, ClusterIPCIDRs: config.ClusterIPCIDRs,
		StrictValidation: config.StrictExternalIPValidation, EnableIPv4: config.EnableIPv4, EnableIPv6: config.EnableIPv6,
	})
	must(err)
	tables, sets, err := netpol.NewIPTablesHandlers(config)
	must(err)
	var lock sync.Mutex
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &lock, nil, tables, sets, ranges)
	must(err)
	for _, heard := range []struct {
		of cache.SharedIndexInformer
		by cache.ResourceEventHandler
	}{{pods, controller.PodEventHandler}, {namespaces, controller.NamespaceEventHandler}, {policies, controller.NetworkPolicyEventHandler}} {
		_, err = heard.of.AddEventHandler(heard.by)
		must(err)
	}

	// Whoever writes them waits for somebody to read.
	beats := make(chan *healthcheck.ControllerHeartbeat, 16)
	go func() {
		for range beats {
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	go controller.Run(beats, stop, &running)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
	close(stop)
	running.Wait()
}

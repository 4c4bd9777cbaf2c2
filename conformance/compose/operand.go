// What CloudNativePG makes of a Cluster and a Pooler for PostgreSQL and PgBouncer, by its own code, without a cluster:
//
//	operand CLUSTER POOLER NAMES FOLDER
//
// FOLDER/server and FOLDER/pooler become what lies at / of the two containers; a certificate for NAMES is made anew at each call,
// by the authority that lies in FOLDER, as cert-manager does.
package main

import (
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	apiv1 "github.com/cloudnative-pg/cloudnative-pg/api/v1"
	"github.com/cloudnative-pg/cloudnative-pg/pkg/certs"
	"github.com/cloudnative-pg/cloudnative-pg/pkg/management/pgbouncer/config"
	"github.com/cloudnative-pg/cloudnative-pg/pkg/postgres"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func write(root, path string, content []byte) {
	path = filepath.Join(root, path)
	must(0, os.MkdirAll(filepath.Dir(path), 0o755))
	must(0, os.WriteFile(path, content, 0o600))
}

// authority reads one of FOLDER's two authorities, or makes it.
func authority(folder, name string) *certs.KeyPair {
	certificate, err := os.ReadFile(filepath.Join(folder, name+".crt"))
	if err == nil {
		return &certs.KeyPair{Certificate: certificate, Private: must(os.ReadFile(filepath.Join(folder, name+".key")))}
	}
	pair := must(certs.CreateRootCA(name, "conformance"))
	write(folder, name+".crt", pair.Certificate)
	write(folder, name+".key", pair.Private)
	return pair
}

func main() {
	cluster, pooler := &apiv1.Cluster{}, &apiv1.Pooler{}
	must(0, yaml.UnmarshalStrict(must(os.ReadFile(os.Args[1])), cluster))
	must(0, yaml.UnmarshalStrict(must(os.ReadFile(os.Args[2])), pooler))
	names, folder := strings.Split(os.Args[3], ","), os.Args[4]

	servers, clients := authority(folder, "servers"), authority(folder, "clients")
	shown := must(servers.CreateAndSignPair(names[0], certs.CertTypeServer, names))
	asked := must(clients.CreateAndSignPair(apiv1.PGBouncerPoolerUserName, certs.CertTypeClient, nil))

	secrets := &config.Secrets{
		AuthQuery: asked.GenerateCertificateSecret("", ""),
		ClientTLS: shown.GenerateCertificateSecret("", ""),
		ClientCA:  clients.GenerateCASecret("", ""),
		ServerCA:  &corev1.Secret{Data: map[string][]byte{certs.CACertKey: servers.Certificate}},
	}
	for path, content := range must(config.BuildConfigurationFiles(pooler, secrets)) {
		write(filepath.Join(folder, "pooler"), path, content)
	}

	said := cluster.Spec.PostgresConfiguration
	settings := postgres.CreatePostgresqlConfiguration(postgres.ConfigurationInfo{
		Settings:               postgres.CnpgConfigurationSettings,
		MajorVersion:           18,
		UserSettings:           said.Parameters,
		ClusterName:            cluster.Name,
		IncludingMandatory:     true,
		IsWalArchivingDisabled: true,
	})
	conf, _ := postgres.CreatePostgresqlConfFile(settings)
	server := filepath.Join(folder, "server")
	write(server, "controller/said/custom.conf", []byte(conf))
	rules := must(postgres.CreateHBARules(said.PgHBA, postgres.HBAOptions{DefaultAuthenticationMethod: "scram-sha-256"}))
	write(server, "controller/said/pg_hba.conf", []byte(rules))
	write(server, "controller/said/pg_ident.conf", []byte(must(postgres.CreateIdentRules(said.PgIdent, "postgres"))))
	write(server, postgres.ServerCertificateLocation, shown.Certificate)
	write(server, postgres.ServerKeyLocation, shown.Private)
	write(server, postgres.ClientCACertificateLocation, clients.Certificate)
}

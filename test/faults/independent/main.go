// Command independent checks a ledger, and asks a witness, with code that is not Proviso's: the note
// package of the Go team, the tile readers, proofs, fsck, cosignatures and log of transparency-dev,
// and the ML-DSA of filippo.io.
//
//	independent check DIR|URL VERIFIER_KEY PROOFS [COSIGNER_KEY]...
//	independent log DIR SIGNER_KEY POLICY ENTRIES
//
// PROOFS is JSON: {"inclusion": [{"index", "proof"}], "consistency": [{"size1", "root1", "proof"}]}
// with hashes in base64, all for the checkpoint that is served. POLICY is a witness policy.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

type proofs struct {
	Inclusion []struct {
		Index uint64
		Proof [][]byte
	}
	Consistency []struct {
		Size1 uint64
		Root1 []byte
		Proof [][]byte
	}
}

// reader is what tessera's readers of folders and of addresses have in common.
type reader interface {
	fsck.Fetcher
}

func main() {
	var err error
	args := os.Args[2:]
	switch os.Args[1] {
	case "check":
		err = check(args[0], args[1], args[2], args[3:])
	case "log":
		err = keepLog(args[0], args[1], args[2], args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func check(place, key, proofsFile string, cosigners []string) error {
	ctx := context.Background()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	files, err := readerOf(place)
	if err != nil {
		return err
	}
	audit := fsck.New(verifier.Name(), verifier, files, leafHashes, fsck.Opts{N: 2})
	if err := audit.Check(ctx); err != nil {
		return fmt.Errorf("fsck: %w", err)
	}
	head, checkpoint, _, err := client.FetchCheckpoint(ctx, files.ReadCheckpoint, verifier, verifier.Name())
	if err != nil {
		return err
	}
	for _, cosigner := range cosigners {
		if err := checkCosigned(checkpoint, cosigner); err != nil {
			return fmt.Errorf("cosignature by %.80s: %w", cosigner, err)
		}
	}
	var ours proofs
	bytes, err := os.ReadFile(proofsFile)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(bytes, &ours); err != nil {
		return err
	}
	for _, p := range ours.Inclusion {
		bundle, err := client.GetEntryBundle(ctx, files.ReadEntryBundle, p.Index/256, head.Size)
		if err != nil {
			return err
		}
		leaf := rfc6962.DefaultHasher.HashLeaf(bundle.Entries[p.Index%256])
		err = proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, head.Size, leaf, p.Proof, head.Hash)
		if err != nil {
			return fmt.Errorf("inclusion of %d: %w", p.Index, err)
		}
	}
	for _, p := range ours.Consistency {
		err := proof.VerifyConsistency(rfc6962.DefaultHasher, p.Size1, head.Size, p.Proof, p.Root1, head.Hash)
		if err != nil {
			return fmt.Errorf("consistency with %d: %w", p.Size1, err)
		}
	}
	fmt.Printf("%d entries, %d inclusion and %d consistency proofs, %d cosignatures\n",
		head.Size, len(ours.Inclusion), len(ours.Consistency), len(cosigners))
	return nil
}

func readerOf(place string) (reader, error) {
	if !strings.HasPrefix(place, "http") {
		return client.FileFetcher{Root: place}, nil
	}
	root, err := url.Parse(place)
	if err != nil {
		return nil, err
	}
	return client.NewHTTPFetcher(root, http.DefaultClient)
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(entries.Entries))
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

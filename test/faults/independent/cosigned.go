package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"filippo.io/mldsa"
	"github.com/transparency-dev/formats/log"
	formats "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// checkCosigned accepts a checkpoint with a cosignature by the key, of type 04 or 06.
func checkCosigned(checkpoint []byte, vkey string) error {
	verifier, err := mlDsaVerifier(vkey)
	if err != nil {
		return err
	}
	var known note.Verifier = verifier
	if verifier == nil {
		if known, err = formats.NewVerifierForCosignatureV1(vkey); err != nil {
			return err
		}
	}
	_, err = note.Open(checkpoint, note.VerifierList(known))
	return err
}

// subtreeVerifier verifies cosignatures of type 06, C2SP tlog-cosignature.
type subtreeVerifier struct {
	name string
	hash uint32
	key  *mldsa.PublicKey
}

func (v *subtreeVerifier) Name() string    { return v.name }
func (v *subtreeVerifier) KeyHash() uint32 { return v.hash }

func (v *subtreeVerifier) Verify(msg, sig []byte) bool {
	var checkpoint log.Checkpoint
	if _, err := checkpoint.Unmarshal(msg); err != nil || len(sig) != 8+mldsa.MLDSA44SignatureSize {
		return false
	}
	var message bytes.Buffer
	message.WriteString("subtree/v1\n\x00")
	message.WriteByte(byte(len(v.name)))
	message.WriteString(v.name)
	message.Write(sig[:8])
	message.WriteByte(byte(len(checkpoint.Origin)))
	message.WriteString(checkpoint.Origin)
	message.Write(binary.BigEndian.AppendUint64(nil, 0))
	message.Write(binary.BigEndian.AppendUint64(nil, checkpoint.Size))
	message.Write(checkpoint.Hash)
	return mldsa.Verify(v.key, message.Bytes(), sig[8:], nil) == nil
}

// mlDsaVerifier returns nil for a key of another type.
func mlDsaVerifier(vkey string) (*subtreeVerifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no verifier key")
	}
	typed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(typed) == 0 || typed[0] != 6 {
		return nil, err
	}
	key, err := mldsa.NewPublicKey(mldsa.MLDSA44(), typed[1:])
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), typed...))
	if hex.EncodeToString(id[:4]) != parts[1] {
		return nil, errors.New("the key's id does not fit")
	}
	return &subtreeVerifier{parts[0], binary.BigEndian.Uint32(id[:4]), key}, nil
}

// keepLog keeps a log of its own, whose checkpoints are published with the policy's quorum alone.
func keepLog(dir, skey, policyFile, entries string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	count, err := strconv.ParseUint(entries, 10, 32)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	policy, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	witnesses, err := tessera.NewWitnessGroupFromPolicy(policy)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(100*time.Millisecond).
		WithBatching(10, 20*time.Millisecond).
		WithWitnesses(witnesses, nil)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond)
	var published []byte
	for i := range count {
		future := appender.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "entry %d", i)))
		// Each published by itself, so that the witness is asked again and again.
		if _, published, err = awaiter.Await(ctx, future); err != nil {
			return err
		}
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	if !witnesses.Satisfied(published) {
		return errors.New("the published checkpoint has no quorum")
	}
	fmt.Printf("%d entries, each published with its quorum\n", count)
	return nil
}

"""Checks and makes signatures and keys with other programs: securesystemslib and PyNaCl.

signatures.py verify BUNDLE PUBLIC.pem   whether the envelope in a bundle is signed by a key
signatures.py encrypt KEY.pem PASSWORD   a private key as cosign encrypts it, on stdout
"""

import base64
import hashlib
import json
import os
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from securesystemslib.signer import Signature, SSlibKey


def public_key(pem):
    key = serialization.load_pem_public_key(pem)
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return SSlibKey("00", "ed25519", "ed25519", {"public": raw.hex()})
    if isinstance(key, rsa.RSAPublicKey):
        return SSlibKey("00", "rsa", "rsa-pkcs1v15-sha256", {"public": pem.decode()})
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return SSlibKey("00", "ecdsa", "ecdsa-sha2-nistp256", {"public": pem.decode()})


def verify(bundle, key):
    with open(bundle) as file:
        envelope = json.load(file)["dsseEnvelope"]
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    [signature] = [base64.b64decode(signature["sig"]) for signature in envelope["signatures"]]
    with open(key, "rb") as file:
        public_key(file.read()).verify_signature(Signature("00", signature.hex()), signed)


def encrypt(path, password):
    from nacl.secret import SecretBox

    with open(path, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    salt = os.urandom(32)
    derived = hashlib.scrypt(
        password.encode(), salt=salt, n=32768, r=8, p=1, dklen=32, maxmem=128 << 20)
    sealed = SecretBox(derived).encrypt(der)

    def text(value):
        return base64.b64encode(value).decode()

    document = json.dumps({
        "kdf": {"name": "scrypt", "params": {"N": 32768, "r": 8, "p": 1}, "salt": text(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": text(sealed.nonce)},
        "ciphertext": text(sealed.ciphertext),
    })
    body = text(document.encode())
    print("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----")
    for start in range(0, len(body), 64):
        print(body[start:start + 64])
    print("-----END ENCRYPTED SIGSTORE PRIVATE KEY-----")


{"verify": verify, "encrypt": encrypt}[sys.argv[1]](*sys.argv[2:])

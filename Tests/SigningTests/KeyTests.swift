import ByteStream
import Hashing
import OCI
import Testing

@testable import Signing

@Suite struct KeyTests {
    @Test(arguments: [
        ("ec.pem", nil, "ec.pub"), ("ec-sec1.pem", nil, "ec.pub"),
        ("ec-encrypted.pem", "correct horse", "ec.pub"),
        ("cosign.key", "correct horse", "ec.pub"), ("cosign-no-password.key", "", "ec.pub"),
        ("rsa.pem", nil, "rsa.pub"), ("rsa-pkcs1.pem", nil, "rsa.pub"),
        ("ed25519.pem", nil, "ed25519.pub"),
    ])
    func everyFormOfAKeySigns(name: String, password: String?, publicName: String) throws {
        let key = try Fixture.privateKey(name, password: password)
        let publicKey = try Fixture.publicKey(publicName)
        #expect(key.publicKey.hint == publicKey.hint)
        let message = Array("hello world".utf8)
        let signature = try key.sign(message)
        #expect(publicKey.verifies(signature, of: message))
        #expect(!publicKey.verifies(signature, of: message + [0]))
        #expect(!publicKey.verifies(Array(signature.dropLast()), of: message))
        #expect(!publicKey.verifies([], of: message))
        #expect(!(try Fixture.publicKey("cosign-made.pub")).verifies(signature, of: message))
    }

    @Test(arguments: [
        ("ec-encrypted.pem", "wrong"), ("ec-encrypted.pem", ""), ("cosign.key", "wrong"),
        ("cosign.key", ""), ("cosign-no-password.key", "more"),
    ])
    func wrongPasswords(name: String, password: String) throws {
        #expect {
            _ = try Fixture.privateKey(name, password: password)
        } throws: {
            if case SigningError.wrongPassword? = $0 as? SigningError { true } else { false }
        }
    }

    @Test(arguments: ["ec-encrypted.pem", "cosign.key", "cosign-no-password.key"])
    func missingPasswords(name: String) throws {
        #expect {
            _ = try Fixture.privateKey(name)
        } throws: {
            if case SigningError.passwordNeeded? = $0 as? SigningError { true } else { false }
        }
    }

    @Test(arguments: [
        ("p384.pem", "EC of another curve than P-256"),
        ("rsa-short.pem", "RSA of 1024 bits, not 2048 to 16384"),
        ("x25519.pem", "neither EC P-256, RSA nor Ed25519"),
        ("ec.pub", "no private key in PEM"), ("cosign-made.json", "no private key in PEM"),
    ])
    func keysThatAreNotUsed(name: String, problem: String) throws {
        #expect {
            _ = try Fixture.privateKey(name)
        } throws: {
            guard case SigningError.unusableKey(_, let text)? = $0 as? SigningError else {
                return false
            }
            return text == problem
        }
    }

    @Test func aPrivateKeyIsNoPublicOne() throws {
        #expect {
            _ = try Fixture.publicKey("ec.pem")
        } throws: {
            guard let error = $0 as? SigningError else { return false }
            return error.message.contains("a private key, where the public one is needed")
        }
    }

    /// The memory and time that a key file asks for are bounded.
    @Test(arguments: [
        #""N":1073741824,"r":8,"p":1"#, #""N":65536,"r":8,"p":1000"#, #""N":65535,"r":8,"p":1"#,
        #""N":0,"r":8,"p":1"#, #""N":-2,"r":8,"p":1"#, #""N":65536,"r":0,"p":1"#,
        #""N":65536,"r":9223372036854775807,"p":1"#, #""N":65536,"r":8"#,
    ])
    func parametersOfScrypt(parameters: String) throws {
        let body =
            #"{"kdf":{"name":"scrypt","params":{"# + parameters + #"},"salt":"AAAA"},"#
            + #""cipher":{"name":"nacl/secretbox","nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"#
            + #""ciphertext":"AAAA"}"#
        #expect(throws: (any Error).self) { try SigstoreKeyFile(Array(body.utf8)) }
    }

    @Test func secretsLoseTheirNewline() {
        for (text, count) in [("a\n", 1), ("a\r\n", 1), ("a", 1), ("\n", 0), ("", 0), ("a\n\n", 2)]
        {
            let secret = Fixture.secret(text)
            secret.removeNewline()
            #expect(secret.count == count)
        }
    }
}

/// Vectors from the NaCl paper, and output of PyNaCl.
@Suite struct XSalsa20Tests {
    @Test func vectorOfThePaper() {
        let key = hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
        let nonce = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")
        let expected = "eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880"
        var bytes = [UInt8](repeating: 0, count: 32)
        let cipher = key.withUnsafeBytes { XSalsa20(key: $0, nonce: nonce) }
        bytes.withUnsafeMutableBytes { cipher.apply(to: $0) }
        #expect(bytes == hex(expected))
    }

    /// PyNaCl 1.6: crypto_secretbox of 300 zero bytes is the keystream from its byte 32 on.
    @Test func severalBlocksInAnyPieces() {
        let key = Array(UInt8(0)..<32)
        let nonce = Array(UInt8(100)..<124)
        for piece in [1, 7, 63, 64, 65, 332] {
            var bytes = [UInt8](repeating: 0, count: 332)
            let cipher = key.withUnsafeBytes { XSalsa20(key: $0, nonce: nonce) }
            bytes.withUnsafeMutableBytes { buffer in
                var start = 0
                while start < buffer.count {
                    let end = min(buffer.count, start + piece)
                    cipher.apply(to: .init(rebasing: buffer[start..<end]))
                    start = end
                }
            }
            #expect(
                Digest.of(Array(bytes[32...])).encoded
                    == "703ff538e2dd460febe95d6d015518754d6ba428d1641fa3376bc18e2ce294fb")
        }
    }

    @Test func aBoxWithAnotherBitIsRefused() throws {
        let key = Fixture.secret(String(repeating: "k", count: 32))
        let nonce = [UInt8](repeating: 1, count: 24)
        #expect(try SecretBox.open([], key: key, nonce: nonce) == nil)
        #expect(try SecretBox.open([UInt8](repeating: 0, count: 16), key: key, nonce: nonce) == nil)
        #expect(try SecretBox.open([UInt8](repeating: 0, count: 99), key: key, nonce: nonce) == nil)
    }

    private func hex(_ text: String) -> [UInt8] {
        let digits = Array(text)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
    }
}

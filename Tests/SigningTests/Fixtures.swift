import ByteStream
import JSON
import OCI
import Testing

@testable import Signing

/// Files of Tests/fixtures/signing.
enum Fixture {
    static func path(_ name: String) -> Path {
        Path(#filePath).directory.directory.appending("fixtures/signing").appending(Path(name))
    }

    static func publicKey(_ name: String) throws -> PublicKey {
        try PublicKey(readingFile: path(name))
    }

    static func privateKey(_ name: String, password: String? = nil) throws -> PrivateKey {
        try PrivateKey(readingFile: path(name)) { password.map { secret($0) } }
    }

    static func secret(_ text: String) -> SecretBytes {
        Array(text.utf8).withUnsafeBytes { SecretBytes(copying: $0) }
    }

    /// The payload and signature of a file of containers/image.
    static func attachment(_ name: String) throws -> (payload: [UInt8], signature: String) {
        let field = JSONField(
            try JSON.parse(InputStream.readFile(path(name), limit: 1 << 20)))
        let annotations = try field.required("annotations")
        return (
            try field.required("payload").base64(),
            try annotations.required(SimpleSigning.signatureAnnotation).string()
        )
    }
}

/// The manifest that the fixtures of containers/image sign.
let cosignSigned = "sha256:634a8f35b5f16dcf4aaa0822adc0b1964bb786fca12f6831de8ddc45e5986a00"

func digest(_ text: String) throws -> Digest { try #require(Digest(text)) }

func keyValue(_ text: String) throws -> KeyValue { try KeyValue(text) }

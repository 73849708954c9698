import CCrypto

/// The XSalsa20 stream cipher, which libcrypto does not have: a key of 32 bytes and a nonce of 24.
///
/// Words of Salsa20 are little-endian. No branch and no index depends on the key.
///
/// - Spec: Bernstein, "The Salsa20 family of stream ciphers" and "Extending the Salsa20 nonce".
final class XSalsa20 {
    static let keyByteCount = 32
    static let nonceByteCount = 24

    /// The words "expand 32-byte k".
    private static let constants: [UInt32] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574]
    private static let blockByteCount = 64

    /// Input of Salsa20: constants, subkey, the nonce's last 8 bytes, and the block's number.
    private let state: UnsafeMutablePointer<UInt32>
    /// The working copy for the rounds.
    private let working: UnsafeMutablePointer<UInt32>
    private let keystream: UnsafeMutablePointer<UInt8>
    private var used = XSalsa20.blockByteCount

    /// - Precondition: `key` has 32 bytes and `nonce` 24.
    init(key: UnsafeRawBufferPointer, nonce: [UInt8]) {
        precondition(key.count == XSalsa20.keyByteCount)
        precondition(nonce.count == XSalsa20.nonceByteCount)
        state = .allocate(capacity: 16)
        working = .allocate(capacity: 16)
        keystream = .allocate(capacity: XSalsa20.blockByteCount)
        state.initialize(repeating: 0, count: 16)
        working.initialize(repeating: 0, count: 16)
        keystream.initialize(repeating: 0, count: XSalsa20.blockByteCount)
        for index in 0..<4 {
            state[5 * index] = XSalsa20.constants[index]
            state[1 + index] = XSalsa20.word(key, 4 * index)
            state[11 + index] = XSalsa20.word(key, 16 + 4 * index)
        }
        nonce.withUnsafeBytes { nonce in
            for index in 0..<4 { state[6 + index] = XSalsa20.word(nonce, 4 * index) }
        }
        // HSalsa20: the rounds without the addition at the end make a key of the first 16 bytes.
        rounds()
        for index in 0..<4 {
            state[1 + index] = working[5 * index]
            state[11 + index] = working[6 + index]
        }
        nonce.withUnsafeBytes { nonce in
            for index in 0..<2 { state[6 + index] = XSalsa20.word(nonce, 16 + 4 * index) }
        }
        state[8] = 0
        state[9] = 0
    }

    deinit {
        OPENSSL_cleanse(state, 64)
        OPENSSL_cleanse(working, 64)
        OPENSSL_cleanse(keystream, XSalsa20.blockByteCount)
        state.deallocate()
        working.deallocate()
        keystream.deallocate()
    }

    /// Adds the next bytes of the keystream to `bytes`: encrypts, or decrypts.
    func apply(to bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices {
            if used == XSalsa20.blockByteCount { nextBlock() }
            bytes[index] ^= keystream[used]
            used += 1
        }
    }

    private func nextBlock() {
        rounds()
        for index in 0..<16 {
            var word = working[index] &+ state[index]
            for byte in 0..<4 {
                keystream[4 * index + byte] = UInt8(truncatingIfNeeded: word)
                word >>= 8
            }
        }
        state[8] &+= 1
        if state[8] == 0 { state[9] &+= 1 }
        used = 0
    }

    /// Twenty rounds over `state`, into `working`.
    private func rounds() {
        for index in 0..<16 { working[index] = state[index] }
        for _ in 0..<10 {
            quarterRound(0, 4, 8, 12)
            quarterRound(5, 9, 13, 1)
            quarterRound(10, 14, 2, 6)
            quarterRound(15, 3, 7, 11)
            quarterRound(0, 1, 2, 3)
            quarterRound(5, 6, 7, 4)
            quarterRound(10, 11, 8, 9)
            quarterRound(15, 12, 13, 14)
        }
    }

    private func quarterRound(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
        working[b] ^= rotated(working[a] &+ working[d], 7)
        working[c] ^= rotated(working[b] &+ working[a], 9)
        working[d] ^= rotated(working[c] &+ working[b], 13)
        working[a] ^= rotated(working[d] &+ working[c], 18)
    }

    private func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word << count | word >> (32 - count)
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

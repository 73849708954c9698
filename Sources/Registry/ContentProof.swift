import OCI

/// Whether an answer of success proves that a registry has some content.
///
/// One notion for blobs and manifests, asked for and stored. Anything may answer with success: a page
/// to log in, a portal, a proxy. So the headers decide that the specification gives. What is missing
/// proves nothing and contradicts nothing: object stores send few of them.
///
/// - Spec: distribution-spec v1.1, Pulling blobs, Pushing blobs, Pushing Manifests.
enum ContentProof: Hashable {
    case proved
    /// The answer neither proves nor denies it: it must be read again.
    case open
    /// The contradiction in the answer.
    case contradicted(String)

    /// - Parameters:
    ///   - response: to HEAD, with status 200.
    ///   - size: nil when it is not known.
    init(ofHead response: HTTPResponse, _ digest: Digest, size: Int64?) {
        let stated = response.digest(like: digest)
        let length = response.headers["Content-Encoding"] == nil ? response.contentLength : nil
        if let stated, stated != digest {
            self = .contradicted("it has \(stated), not \(digest)")
        } else if let size, let length, length != size {
            self = .contradicted("\(length) bytes of \(digest), which has \(size)")
        } else if stated == nil, response.isWebPage {
            self = .contradicted("a web page, not \(digest)")
        } else {
            self = stated != nil || (size != nil && length != nil) ? .proved : .open
        }
    }

    /// - Parameter response: to PUT, or to POST that mounts a blob, with a status of success.
    init(ofStoring response: HTTPResponse, _ digest: Digest) {
        let stated = response.digest(like: digest)
        if let stated, stated != digest {
            self = .contradicted("it stored \(stated), not \(digest)")
        } else if stated == nil, response.isWebPage {
            self = .contradicted("a web page, and no word of \(digest)")
        } else {
            let isCreated = response.status == 201
            let hasPlace = response.headers["Location"] != nil
            self = isCreated && (stated != nil || hasPlace) ? .proved : .open
        }
    }
}

extension HTTPResponse {
    /// `Docker-Content-Digest`, if it is of the same algorithm as `digest`.
    fileprivate func digest(like digest: Digest) -> Digest? {
        headers["Docker-Content-Digest"].flatMap { Digest($0) }
            .flatMap { $0.algorithm == digest.algorithm ? $0 : nil }
    }

    var contentLength: Int64? { headers["Content-Length"].flatMap { HeaderValue.number($0) } }
}

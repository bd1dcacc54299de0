/**
 * Certificates for tests, good for a hundred years, for localhost, 127.0.0.1 and 10.79.0.2:
 *
 *     openssl req -x509 -newkey ed25519 -nodes -days 36500 -subj "/CN=tertulia one" \
 *       -addext "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:10.79.0.2" -keyout … -out …
 *
 * @module
 */

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export const certificate: Certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIEZJ0K3PbZk61PlN9Xt5VQN9KjGeRJwU3wDyVQVd2uwn
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBZzCCARmgAwIBAgIUQqaCaV9tWxUxI3U1NHWXBjBEnQ8wBQYDK2VwMBcxFTAT
BgNVBAMMDHRlcnR1bGlhIG9uZTAgFw0yNjExMjIyMTIyMzdaGA8yMTI2MTAyOTIx
MjIzN1owFzEVMBMGA1UEAwwMdGVydHVsaWEgb25lMCowBQYDK2VwAyEA5CVAxXFd
mYfeyfUVy4FDP9cNlLqI0cxQ+YI+uaFcUX2jdTBzMB0GA1UdDgQWBBRuXNOgIC6w
4B+KqC8WT5iTIh+CvTAfBgNVHSMEGDAWgBRuXNOgIC6w4B+KqC8WT5iTIh+CvTAP
BgNVHRMBAf8EBTADAQH/MCAGA1UdEQQZMBeCCWxvY2FsaG9zdIcEfwAAAYcECk8A
AjAFBgMrZXADQQAOklCgTf0gJgVuokg9kbRH4j3SMLU15rSWk97khh9l6GIJ0bzG
RcR1oBSV9yNOIYXO8z7WJ3qNtMyt6RL5GtYP
-----END CERTIFICATE-----`,
};

export const otherCertificate: Certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIBjZspgx0MQ1XAD8RagzAD8eQCiBJXJemaGkgCBaEe3N
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBazCCAR2gAwIBAgIUXKXVLCz3fGF9LshFzaWYenCs3+kwBQYDK2VwMBkxFzAV
BgNVBAMMDnRlcnR1bGlhIG90aGVyMCAXDTI2MTEyMjIxMjIzN1oYDzIxMjYxMDI5
MjEyMjM3WjAZMRcwFQYDVQQDDA50ZXJ0dWxpYSBvdGhlcjAqMAUGAytlcAMhAHx0
RsfLFkOwfUc+bnGe2BnJklXQ4kHpl4Rh0yYZsbEco3UwczAdBgNVHQ4EFgQUbj/X
/XTF9rFHwlUtqujPIv59La0wHwYDVR0jBBgwFoAUbj/X/XTF9rFHwlUtqujPIv59
La0wDwYDVR0TAQH/BAUwAwEB/zAgBgNVHREEGTAXgglsb2NhbGhvc3SHBH8AAAGH
BApPAAIwBQYDK2VwA0EAE2IZfC3wxXpbo+8UbKZFlLOLUcHEbATzF8yJpWn/4sGG
67WQ1RR+XH8yUyURqQZM7MWPIh4xEc5WyxP1LmvSBA==
-----END CERTIFICATE-----`,
};

// Formulario de tarjeta con campos seguros: el número, el vencimiento y el código nunca pasan por esta página.
if (typeof MercadoPago === "undefined") {
  // Un bloqueador o una red cerrada: sin el SDK no hay formulario, y hay que decirlo.
  mostrarAviso("No pudimos cargar el pago. Desactivá tu bloqueador, actualizá la página o escribinos.", true);
}
const mp = new MercadoPago("{{PUBLIC_KEY}}", { locale: "es-AR" });

const CAMPOS = {
  cardNumber: "Número de la tarjeta",
  expirationDate: "Vencimiento",
  securityCode: "Código de seguridad",
};

const cardForm = mp.cardForm({
  amount: "52200",
  iframe: true,
  form: {
    id: "form-checkout",
    cardNumber: { id: "form-checkout__cardNumber", placeholder: "Número de la tarjeta" },
    expirationDate: { id: "form-checkout__expirationDate", placeholder: "MM/AA" },
    securityCode: { id: "form-checkout__securityCode", placeholder: "Código" },
    cardholderName: { id: "form-checkout__cardholderName" },
    identificationType: { id: "form-checkout__identificationType" },
    identificationNumber: { id: "form-checkout__identificationNumber" },
    cardholderEmail: { id: "form-checkout__cardholderEmail" },
    issuer: { id: "form-checkout__issuer" },
    installments: { id: "form-checkout__installments" },
  },
  callbacks: {
    onFormMounted: (error) => {
      if (error) {
        mostrarAviso("No pudimos cargar el formulario de pago. Actualizá la página o probá más tarde.", true);
      }
    },
    onValidityChange: (errores, campo) => {
      if (errores && errores.length > 0) {
        mostrarAviso(`${CAMPOS[campo] || "Un dato"}: revisalo antes de pagar.`, true);
      }
    },
    onSubmit: async (event) => {
      event.preventDefault();
      // Un segundo toque mientras se procesa sería otro pago.
      const boton = document.querySelector("#form-checkout [type=submit]");
      boton.disabled = true;
      try {
        const datos = cardForm.getCardFormData();
        const respuesta = await fetch("/api/pagos", {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-Idempotency-Key": crypto.randomUUID() },
          body: JSON.stringify({
            token: datos.token,
            issuer_id: datos.issuerId,
            payment_method_id: datos.paymentMethodId,
            installments: Number(datos.installments),
            payer: {
              email: datos.cardholderEmail,
              identification: { type: datos.identificationType, number: datos.identificationNumber },
            },
          }),
        });
        mostrarResultado(await respuesta.json());
      } catch {
        mostrarAviso("No pudimos confirmar el pago. Revisá tu correo antes de volver a pagar.", true);
      } finally {
        boton.disabled = false;
      }
    },
  },
});

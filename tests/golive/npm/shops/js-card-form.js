// sdk-js: cardForm with frames for the card's data, in a form that this script draws.
import { loadMercadoPago } from '@mercadopago/sdk-js';

document.getElementById('root').innerHTML = `
  <h1>Pagar</h1>
  <form id="form-checkout">
    <div id="form-checkout__cardNumber" class="container"></div>
    <div id="form-checkout__expirationDate" class="container"></div>
    <div id="form-checkout__securityCode" class="container"></div>
    <label>Titular <input type="text" id="form-checkout__cardholderName" autocomplete="cc-name"></label>
    <label>Banco emisor <select id="form-checkout__issuer"></select></label>
    <label>Cuotas <select id="form-checkout__installments"></select></label>
    <label>Documento <select id="form-checkout__identificationType"></select></label>
    <label>Número de documento <input type="text" id="form-checkout__identificationNumber"></label>
    <label>Correo <input type="email" id="form-checkout__cardholderEmail"></label>
    <button type="submit" id="form-checkout__submit">Pagar</button>
    <p id="problem" role="alert"></p>
  </form>`;

await loadMercadoPago();
const mp = new window.MercadoPago('APP_USR-00000000-1111-4222-8333-444444444444', { locale: 'es-AR' });
const cardForm = mp.cardForm({
  amount: '100.5',
  iframe: true,
  form: {
    id: 'form-checkout',
    cardNumber: { id: 'form-checkout__cardNumber', placeholder: 'Número de tarjeta' },
    expirationDate: { id: 'form-checkout__expirationDate', placeholder: 'MM/AA' },
    securityCode: { id: 'form-checkout__securityCode', placeholder: 'Código' },
    cardholderName: { id: 'form-checkout__cardholderName' },
    issuer: { id: 'form-checkout__issuer' },
    installments: { id: 'form-checkout__installments' },
    identificationType: { id: 'form-checkout__identificationType' },
    identificationNumber: { id: 'form-checkout__identificationNumber' },
    cardholderEmail: { id: 'form-checkout__cardholderEmail' },
  },
  callbacks: {
    onFormMounted(error) {
      if (error) document.getElementById('problem').textContent = 'No pudimos mostrar el formulario.';
    },
    onSubmit(event) {
      event.preventDefault();
      document.getElementById('form-checkout__submit').disabled = true;
      const { token, amount, installments, paymentMethodId, issuerId } = cardForm.getCardFormData();
      fetch('/process_payment', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token, amount, installments, paymentMethodId, issuerId }),
      });
    },
  },
});

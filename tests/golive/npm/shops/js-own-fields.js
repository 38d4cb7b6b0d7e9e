// sdk-js with the faults that this front end makes possible: fields of the shop with names, the number kept and logged.
import { loadMercadoPago } from '@mercadopago/sdk-js';

document.getElementById('root').innerHTML = `
  <form id="form-checkout">
    <label>Tarjeta <input id="form-checkout__cardNumber" name="cardNumber"></label>
    <label>Vencimiento <input id="form-checkout__expirationDate" name="expirationDate"></label>
    <label>Código <input id="form-checkout__securityCode" name="securityCode"></label>
    <label>Titular <input id="form-checkout__cardholderName"></label>
    <select id="form-checkout__issuer" aria-label="Banco"></select>
    <select id="form-checkout__installments" aria-label="Cuotas"></select>
    <button>Pagar</button>
  </form>`;

loadMercadoPago().then(() => {
  const mp = new window.MercadoPago('TEST-00000000-1111-4222-8333-444444444444');
  mp.cardForm({
    amount: '10',
    form: {
      id: 'form-checkout',
      cardNumber: { id: 'form-checkout__cardNumber' },
      expirationDate: { id: 'form-checkout__expirationDate' },
      securityCode: { id: 'form-checkout__securityCode' },
      cardholderName: { id: 'form-checkout__cardholderName' },
      issuer: { id: 'form-checkout__issuer' },
      installments: { id: 'form-checkout__installments' },
    },
    callbacks: { onSubmit: (event) => event.preventDefault() },
  });
});
document.getElementById('form-checkout__cardNumber').addEventListener('change', (event) => {
  localStorage.setItem('cardNumber', event.target.value);
});
